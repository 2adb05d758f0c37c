package pdkconn

import (
	"bytes"
	"errors"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Kong/go-pdk"
	"github.com/Kong/go-pdk/bridge"
	"google.golang.org/protobuf/proto"

	"tollgate/pluginserver/wire"
)

var testLimits = wire.Limits{Frame: 1 << 16, Patience: time.Second}

// countingConn counts writes.
type countingConn struct {
	net.Conn
	writes [][]byte
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.writes = append(c.writes, bytes.Clone(p))
	return c.Conn.Write(p)
}

// pair returns our end with go-pdk on it, and Kong's end.
func pair(t *testing.T) (ours *Conn, kong *pdk.PDK, counted *countingConn, kongs net.Conn) {
	t.Helper()
	a, b := socketPair(t)
	counted = &countingConn{Conn: a}
	ours = New(counted, wire.NewStream(counted, testLimits))
	return ours, pdk.Init(ours), counted, b
}

// socketPair returns the ends of a real unix socket, whose buffers let both sides write first.
func socketPair(t testing.TB) (a, b net.Conn) {
	t.Helper()
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if a, err = net.Dial("unix", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(); _ = b.Close() })
	return a, b
}

// answerer plays Kong: it answers each call in order by its method, until the empty frame or an exit.
func answerer(t *testing.T, kongs net.Conn, answers map[string]proto.Message) (seen <-chan []string) {
	t.Helper()
	result := make(chan []string, 1)
	go func() {
		stream := wire.NewStream(kongs, testLimits)
		var methods []string
		defer func() { result <- methods }()
		for {
			frame, err := stream.Next()
			method := ""
			if err == nil {
				method = string(wire.Payload(frame))
			}
			if method == "" {
				return
			}
			methods = append(methods, method)
			if _, err := stream.Next(); err != nil || method == exitMethod {
				return
			}
			var data []byte
			if answer := answers[method]; answer != nil {
				data, _ = proto.Marshal(answer)
			}
			// As Kong: the length and the reply apart.
			reply := wire.AppendFrame(nil, data)
			for _, piece := range [][]byte{reply[:2], reply[2:wire.HeaderSize], reply[wire.HeaderSize:]} {
				if _, err := kongs.Write(piece); err != nil {
					return
				}
			}
		}
	}()
	return result
}

func TestCallsThatReturnNothingAreWrittenWithTheNextOneThatDoes(t *testing.T) {
	ours, kong, counted, kongs := pair(t)
	seen := answerer(t, kongs, map[string]proto.Message{"kong.request.get_method": bridge.WrapString("GET")})
	_ = kong.Log.Warn("one")
	_ = kong.Response.SetHeader("x", "two")
	method, err := kong.Request.GetMethod()
	if err != nil || method != "GET" {
		t.Fatalf("got %q, %v", method, err)
	}
	if err := ours.Return(nil); err != nil {
		t.Fatal(err)
	}
	want := []string{"kong.log.warn", "kong.response.set_header", "kong.request.get_method"}
	if got := <-seen; !slices.Equal(got, want) {
		t.Errorf("Kong saw %q, want %q", got, want)
	}
	if len(counted.writes) != 2 {
		t.Errorf("wrote %d times, want once for the calls and once for the end", len(counted.writes))
	}
}

func TestASilentEventIsOneWrite(t *testing.T) {
	ours, kong, counted, kongs := pair(t)
	seen := answerer(t, kongs, nil)
	_ = kong.Response.SetHeader("x", "y")
	if err := ours.Return([]byte("return")); err != nil {
		t.Fatal(err)
	}
	<-seen
	if len(counted.writes) != 1 || !bytes.HasSuffix(counted.writes[0], append(emptyReply, "\x06\x00\x00\x00return"...)) {
		t.Errorf("wrote %q", counted.writes)
	}
	if ours.owed != 1 {
		t.Fatalf("Kong owes %d replies, want 1", ours.owed)
	}
	go func() { _, _ = kongs.Write(wire.AppendString(nil, "next command")) }()
	if err := ours.Settle(); err != nil {
		t.Fatal(err)
	}
	if frame, err := ours.stream.Next(); err != nil || string(wire.Payload(frame)) != "next command" {
		t.Errorf("the next command: %q, %v", frame, err)
	}
}

func TestAnExitEndsTheEventWithoutAReply(t *testing.T) {
	ours, kong, counted, kongs := pair(t)
	seen := answerer(t, kongs, nil)
	_ = kong.Log.Err("why")
	kong.Response.Exit(429, []byte("no"), nil)
	if !ours.Exited() || len(counted.writes) != 1 {
		t.Fatalf("exited %v after %d writes, want true after 1", ours.Exited(), len(counted.writes))
	}
	if _, err := kong.Request.GetMethod(); err == nil {
		t.Error("a call after the exit succeeded")
	}
	if got := <-seen; !slices.Equal(got, []string{"kong.log.err", exitMethod}) {
		t.Errorf("Kong saw %q", got)
	}
	if err := ours.Settle(); err != nil || ours.owed != 0 {
		t.Errorf("settling before the connection is closed: %v, %d still owed", err, ours.owed)
	}
}

func TestManySilentCallsDoNotFillTheSocket(t *testing.T) {
	ours, kong, _, kongs := pair(t)
	seen := answerer(t, kongs, nil)
	for range 10 * maxOwed {
		if err := kong.Response.SetHeader("x", strings.Repeat("y", 100)); err != nil {
			t.Fatal(err)
		}
		if ours.owed > maxOwed || len(ours.out) > flushAt+1000 {
			t.Fatalf("%d replies owed and %d bytes held", ours.owed, len(ours.out))
		}
	}
	if err := ours.Return(nil); err != nil {
		t.Fatal(err)
	}
	if got := len(<-seen); got != 10*maxOwed {
		t.Errorf("Kong saw %d calls", got)
	}
}

func TestAReplyThatIsTooLargeFailsItsCallOnly(t *testing.T) {
	_, kong, _, kongs := pair(t)
	answerer(t, kongs, map[string]proto.Message{
		"kong.request.get_path":   bridge.WrapString(strings.Repeat("x", testLimits.Frame)),
		"kong.request.get_method": bridge.WrapString("GET"),
	})
	if _, err := kong.Request.GetPath(); !errors.Is(err, wire.ErrTooLarge) {
		t.Fatalf("got %v, want ErrTooLarge", err)
	}
	if method, err := kong.Request.GetMethod(); err != nil || method != "GET" {
		t.Errorf("the call after it: %q, %v", method, err)
	}
}

func TestAReplyThatNeverComesFailsTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		defer b.Close()
		go func() { _, _ = io.Copy(io.Discard, b) }()
		ours := New(a, wire.NewStream(a, testLimits))
		_, err := pdk.Init(ours).Client.GetIp()
		if !errors.Is(err, wire.ErrTimeout) || !errors.Is(ours.Err(), wire.ErrTimeout) {
			t.Errorf("got %v and %v, want ErrTimeout", err, ours.Err())
		}
		if !strings.Contains(err.Error(), "kong.client.get_ip") {
			t.Errorf("%q does not name the call", err)
		}
		_ = a.Close()
	})
}

func TestACallThatKongRefusesIsNamed(t *testing.T) {
	ours, kong, _, kongs := pair(t)
	go func() {
		stream := wire.NewStream(kongs, testLimits)
		_, _ = stream.Next()
		_, _ = stream.Next()
		_ = kongs.Close()
	}()
	_, err := kong.Response.GetStatus()
	if !errors.Is(err, io.EOF) || !strings.Contains(err.Error(), "kong.response.get_status") {
		t.Errorf("got %v", err)
	}
	if ours.Err() == nil {
		t.Error("the connection counts as usable")
	}
}

func TestAHalfMadeCallIsDropped(t *testing.T) {
	ours, kong, counted, kongs := pair(t)
	seen := answerer(t, kongs, nil)
	_ = kong.Log.Warn("whole")
	_, _ = ours.Write([]byte{4, 0, 0, 0, 'h', 'a'}) // a handler panicked here
	ours.Abandon()
	kong.Response.ExitStatus(500)
	if got := <-seen; !slices.Equal(got, []string{"kong.log.warn", exitMethod}) {
		t.Errorf("Kong saw %q in %q", got, counted.writes)
	}
}

func TestACallWhoseArgumentsDoNotMarshalIsDropped(t *testing.T) {
	ours, kong, _, kongs := pair(t)
	seen := answerer(t, kongs, nil)
	if err := kong.ServiceRequest.ClearHeader("\xff"); err == nil {
		t.Fatal("bytes that are no UTF-8 were marshalled")
	}
	_ = kong.Response.ClearHeader("x")
	if err := ours.Return(nil); err != nil {
		t.Fatal(err)
	}
	if got := <-seen; !slices.Equal(got, []string{"kong.response.clear_header"}) {
		t.Errorf("Kong saw %q", got)
	}
}

func TestAnEventThatKongEndsAtASilentCallIsNoticed(t *testing.T) {
	ours, kong, _, kongs := pair(t)
	_ = kong.Response.SetHeader("x", "y")
	if err := ours.Return(nil); err != nil {
		t.Fatal(err)
	}
	_ = kongs.Close()
	if err := ours.Settle(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("got %v, want an error that is no usual end", err)
	}
}
