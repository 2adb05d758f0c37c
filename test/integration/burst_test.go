package integration

import (
	"sync"
	"testing"
	"time"
)

// burstWidth is how many requests of a burst are under way at once.
const burstWidth = 16

// burst sends n requests as fast as it can and returns what came back, by status, and the time it took.
func burst(t *testing.T, n int, path string, headers ...string) (byStatus map[int][]reply, took time.Duration) {
	t.Helper()
	sendAll(t, burstWidth, "/open") // connections, so that the burst is not spread over their opening
	began := time.Now()
	replies := sendAll(t, n, path, headers...)
	took = time.Since(began)
	byStatus = map[int][]reply{}
	for _, r := range replies {
		byStatus[r.status] = append(byStatus[r.status], r)
	}
	return byStatus, took
}

func sendAll(t *testing.T, n int, path string, headers ...string) []reply {
	t.Helper()
	replies := make([]reply, n)
	next := make(chan int)
	var senders sync.WaitGroup
	for range burstWidth {
		senders.Go(func() {
			for i := range next {
				var err error
				if replies[i], err = send(shared.URL+path, headers...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	senders.Wait()
	return replies
}

// checkRate judges a burst by a limit of any rolling second: within one second exactly the limit gets
// through, over longer the limit once more for each second begun.
func checkRate(t *testing.T, byStatus map[int][]reply, took time.Duration, limit int) {
	t.Helper()
	admitted, limited := len(byStatus[200]), len(byStatus[429])
	most := limit * int(took/time.Second+1)
	if admitted < limit || admitted > most {
		t.Errorf("%d were admitted in %s, want %d to %d", admitted, took, limit, most)
	}
	for status, replies := range byStatus {
		if status != 200 && status != 429 {
			t.Errorf("%d were answered by %d: %s", len(replies), status, replies[0].body)
		}
	}
	t.Logf("%d admitted, %d limited in %s", admitted, limited, took)
}
