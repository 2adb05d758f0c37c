package scale

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"

	"tollgate/pluginserver/wiretest"
)

// worker is one connection of Kong's to a plugin server.
type worker struct {
	socket   string
	conn     *wiretest.Client // nil after a denial, which costs Kong the connection
	instance int32
}

// ask sends a request of a consumer, and returns what its client sees: 200 where the plugin lets it pass.
func (w *worker) ask(consumer string) (status int32, err error) {
	if w.conn == nil {
		if w.conn, err = wiretest.Dial(w.socket); err != nil {
			return 0, err
		}
	}
	who, err := proto.Marshal(&pb.Consumer{Id: consumer, Username: "acme", Tags: []string{"team:payments"}})
	if err != nil {
		return 0, err
	}
	exit, err := w.conn.Event(w.instance, func(method string, _ []byte) []byte {
		if method == "kong.client.get_consumer" {
			return who
		}
		return nil
	})
	if errors.Is(err, wiretest.ErrExited) {
		w.close()
		return exit.GetStatus(), nil
	}
	return http.StatusOK, err
}

func (w *worker) close() {
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}

func closeAll(workers []*worker) {
	for _, w := range workers {
		w.close()
	}
}

// open opens the connections of a gateway with one configuration, until the test ends.
func (s *server) open(t *testing.T, connections int, config string) []*worker {
	t.Helper()
	workers := make([]*worker, connections)
	t.Cleanup(func() { closeAll(workers) })
	for i := range workers {
		workers[i] = &worker{socket: s.socket}
	}
	for i := range workers {
		conn, err := wiretest.Dial(s.socket)
		if err != nil {
			t.Fatal(err)
		}
		workers[i].conn = conn
		if workers[i].instance, err = conn.Start("tiered-limit", config); err != nil {
			t.Fatal(err)
		}
	}
	return workers
}

// load is requests of a crowd.
type load struct {
	workers []*worker
	crowd   crowd
	lasts   time.Duration
	// perSecond is how many requests there are in all; 0 is as many as there can be.
	perSecond float64
	// inTurn has each consumer make one request, and the load end with the last.
	inTurn bool
}

// seen is what the clients saw.
type seen struct {
	passed, denied float64
	waits          []time.Duration
	took           time.Duration
}

func (s seen) requests() float64 { return s.passed + s.denied }

// quantile is how long a request waited that stands at a share of all.
func (s seen) quantile(share float64) time.Duration {
	if len(s.waits) == 0 {
		return 0
	}
	return s.waits[min(len(s.waits)-1, int(share*float64(len(s.waits))))]
}

// run sends the requests, and returns when all are answered.
func (l load) run(t *testing.T) seen {
	t.Helper()
	parts, failed := make([]seen, len(l.workers)), atomic.Pointer[error]{}
	start := time.Now()
	var running sync.WaitGroup
	for i, w := range l.workers {
		running.Go(func() {
			if err := l.work(w, i, start, &parts[i]); err != nil {
				failed.Store(&err)
			}
		})
	}
	running.Wait()
	if err := failed.Load(); err != nil {
		t.Fatalf("a worker: %v", *err)
	}
	all := seen{took: time.Since(start)}
	for _, p := range parts {
		all.passed, all.denied, all.waits = all.passed+p.passed, all.denied+p.denied, append(all.waits, p.waits...)
	}
	slices.Sort(all.waits)
	return all
}

// work is one connection's part: every n-th consumer in turn, or any by chance.
func (l load) work(w *worker, nth int, start time.Time, into *seen) error {
	every := time.Duration(0)
	if l.perSecond > 0 {
		every = time.Duration(float64(len(l.workers)) / l.perSecond * float64(time.Second))
	}
	turn := start.Add(every * time.Duration(nth) / time.Duration(len(l.workers)))
	for i := nth; !l.over(i, start); i += len(l.workers) {
		if every > 0 {
			time.Sleep(time.Until(turn)) // the pace of the load, which is not waited out but kept
			turn = turn.Add(every)
		}
		consumer := i
		if !l.inTurn {
			consumer = rand.IntN(l.crowd.of)
		}
		sent := time.Now()
		status, err := w.ask(l.crowd.id(consumer))
		if err != nil {
			return err
		}
		into.waits = append(into.waits, time.Since(sent))
		switch status {
		case http.StatusOK:
			into.passed++
		case http.StatusTooManyRequests:
			into.denied++
		default:
			return fmt.Errorf("the answer is %d", status)
		}
	}
	return nil
}

func (l load) over(i int, start time.Time) bool {
	if l.inTurn {
		return i >= l.crowd.of
	}
	return time.Since(start) >= l.lasts
}
