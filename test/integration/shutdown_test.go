package integration

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"tollgate/test/eventually"
	"tollgate/test/sandbox"
)

// slowUpstream answers below /held only when it is let go, and everything else at once.
type slowUpstream struct {
	arrived, release chan struct{}
	once             sync.Once
}

func startSlowUpstream(t *testing.T) (*slowUpstream, string) {
	t.Helper()
	u := &slowUpstream{arrived: make(chan struct{}), release: make(chan struct{})}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/held" {
			close(u.arrived)
			<-u.release
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(u.letGo)
	return u, server.URL
}

func (u *slowUpstream) letGo() { u.once.Do(func() { close(u.release) }) }

// TestSIGQUITDrainsTheGateway is how Kong's image is stopped: the request under way gets its answer.
func TestSIGQUITDrainsTheGateway(t *testing.T) {
	upstream, url := startSlowUpstream(t)
	s := start(t, sandbox.Options{Values: map[string]string{"DECK_UPSTREAM_URL": url}})
	below := descendants(t, s.PID())
	answer := make(chan reply, 1)
	go func() {
		r, _ := send(s.URL + "/open/held") // status zero tells
		answer <- r
	}()
	<-upstream.arrived
	s.Signal(syscall.SIGQUIT)
	eventually.Holds(t, 5*time.Second, "the gateway to take no more connections", func() bool { return !accepts(s) })
	upstream.letGo()
	r := <-answer
	if r.status != http.StatusOK {
		t.Errorf("the request under way got %d", r.status)
	}
	everythingIsGone(t, s, below)
	shared.stress.held(t, "SIGQUIT with a request under way", "it gets its answer; no process and no socket is left", strconv.Itoa(r.status))
}

func TestSIGTERMEndsAll(t *testing.T) {
	s := start(t, sandbox.Options{})
	below := descendants(t, s.PID())
	if len(below) < 2 {
		t.Fatalf("there is less than a server and a gateway: %v", below)
	}
	s.Signal(syscall.SIGTERM)
	everythingIsGone(t, s, below)
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

func everythingIsGone(t *testing.T, s *sandbox.Sandbox, below map[int]string) {
	t.Helper()
	const patience = 15 * time.Second
	select {
	case <-s.Ended():
	case <-time.After(patience):
		t.Fatalf("the parent is still there after %s", patience)
	}
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
}
