package integration

import (
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollgate/test/sandbox"
)

// loadWidth is the connections of a load, each with one request under way at most.
const loadWidth = 8

// answered is one request of a load: when it was sent, what it got, and how long that took.
type answered struct {
	sent   time.Time
	took   time.Duration
	status int // zero for none
	// sent more than once: the connection had ended before the answer, and Go's client took another.
	again bool
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
	l := &load{stop: make(chan struct{})}
	for range loadWidth {
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
		a := sendTraced(url, headers)
		l.mu.Lock()
		l.log = append(l.log, a)
		l.mu.Unlock()
	}
}

// sendTraced sends a request and notes whether the client had to send it again.
func sendTraced(url string, headers []string) answered {
	request, err := newRequest(url, headers)
	if err != nil {
		return answered{}
	}
	var tries atomic.Int32 // the connection's goroutine tells
	trace := &httptrace.ClientTrace{WroteHeaders: func() { tries.Add(1) }}
	began := time.Now()
	r, _ := do(shared.client, request.WithContext(httptrace.WithClientTrace(request.Context(), trace))) // status zero tells
	return answered{began, time.Since(began), r.status, tries.Load() > 1}
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
