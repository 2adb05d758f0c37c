package integration

import (
	"sync"
	"testing"
	"time"

	"tollgate/test/sandbox"
)

// answered is one request of a load: when it was sent, what it got, and how long that took.
type answered struct {
	sent   time.Time
	took   time.Duration
	status int // zero for none
}

func (a answered) at() time.Time { return a.sent.Add(a.took) }

// load sends requests one after the other, on several connections, until it is stopped.
type load struct {
	stop    chan struct{}
	senders sync.WaitGroup
	mu      sync.Mutex
	log     []answered
}

// startLoad loads the gateway with requests that pass through all of the plugin server: jwks-verify and
// tiered-limit.
func startLoad(t *testing.T, s *sandbox.Sandbox, headers ...string) *load {
	t.Helper()
	return startLoadOf(t, s.URL+"/limited/token", headers...)
}

// startLoadOf loads any address.
func startLoadOf(t *testing.T, url string, headers ...string) *load {
	t.Helper()
	const connections = 8
	l := &load{stop: make(chan struct{})}
	for range connections {
		l.senders.Go(func() { l.send(url, headers...) })
	}
	t.Cleanup(func() { l.end() })
	return l
}

func (l *load) send(url string, headers ...string) {
	const pause = 5 * time.Millisecond // a load, not a benchmark
	for {
		select {
		case <-l.stop:
			return
		case <-time.After(pause):
		}
		began := time.Now()
		r, _ := send(url, headers...) // status zero tells
		l.mu.Lock()
		l.log = append(l.log, answered{began, time.Since(began), r.status})
		l.mu.Unlock()
	}
}

// end stops the load and returns what became of its requests.
func (l *load) end() []answered {
	select {
	case <-l.stop:
	default:
		close(l.stop)
	}
	l.senders.Wait()
	return l.log
}

// good counts the requests that were sent after a time and got 200.
func (l *load) good(after time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, a := range l.log {
		if a.status == 200 && a.sent.After(after) {
			n++
		}
	}
	return n
}
