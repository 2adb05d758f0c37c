package integration

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"

	"tollgate/test/sandbox"
)

// goneWithin is how long the last process may be there after the last answer, or after a signal that waits for none: the
// parent gives the plugin server 7 s before it kills it, and the rest is for Kong's workers on a machine that is busy.
const goneWithin = 10 * time.Second

func rounded(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

func TestSIGTERMEndsAll(t *testing.T) {
	s := start(t, sandbox.Options{})
	below := descendants(t, s.PID())
	if len(below) < 2 {
		t.Fatalf("there is less than a server and a gateway: %v", below)
	}
	signalled := time.Now()
	s.Signal(syscall.SIGTERM)
	gone := everythingIsGone(t, s, below, signalled)
	shared.stress.held(t, "SIGTERM: until the last process is gone", fmt.Sprintf("%s; no socket is left", goneWithin),
		fmt.Sprintf("%s after the signal", rounded(gone.Sub(signalled))))
}

// accepts tells whether the gateway takes a connection.
func accepts(s *sandbox.Sandbox) bool {
	request, err := http.NewRequest(http.MethodGet, s.URL+"/open", http.NoBody)
	if err != nil {
		return false
	}
	request.Close = true
	_, err = do(shared.client, request)
	return err == nil
}

// everythingIsGone returns when it was, which may be goneWithin after a time.
func everythingIsGone(t *testing.T, s *sandbox.Sandbox, below map[int]string, after time.Time) time.Time {
	t.Helper()
	select {
	case <-s.Ended():
	case <-time.After(time.Until(after.Add(goneWithin))):
		t.Fatalf("the parent is still there after %s", goneWithin)
	}
	gone := time.Now()
	if code := s.Code(); code != 0 {
		t.Errorf("exit code %d, and the gateway's is 0", code)
	}
	for pid, line := range below {
		if alive(pid) {
			t.Errorf("process %d is left: %s", pid, line)
		}
	}
	if _, err := os.Lstat(s.Socket()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
	return gone
}
