package tour

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// burstWidth is how many requests of a burst are under way at once.
const burstWidth = 16

// burst is what became of many requests at once.
type burst struct {
	admitted, limited, other int
	rejection                reply // one of those that were limited
	took                     time.Duration
}

// burst sends n requests and prints what came back, by status.
func (w *walk) burst(n int, path string, headers ...header) burst {
	url := w.place.Gateway + path
	w.warmUp()
	began := time.Now()
	replies := w.sendAll(n, url, headers)
	b := burst{took: time.Since(began)}
	for _, r := range replies {
		switch r.status {
		case http.StatusOK:
			b.admitted++
		case http.StatusTooManyRequests:
			b.limited++
			b.rejection = r
		default:
			b.other++
		}
	}
	if w.err == nil {
		w.out.burst(n, url, headers, b)
	}
	return b
}

// warmUp opens connections on the open route, so that the burst is not spread over their opening.
func (w *walk) warmUp() { w.sendAll(burstWidth, w.place.Gateway+"/open", nil) }

// sendAll sends n requests, burstWidth of them at a time.
func (w *walk) sendAll(n int, url string, headers []header) []reply {
	replies := make([]reply, n)
	next := make(chan int)
	walks := make([]walk, burstWidth)
	var senders sync.WaitGroup
	for i := range walks {
		walks[i] = *w // each with an error of its own
		senders.Go(func() {
			for at := range next {
				replies[at] = walks[i].send(http.MethodGet, url, headers)
			}
		})
	}
	for at := range n {
		next <- at
	}
	close(next)
	senders.Wait()
	for _, each := range walks {
		if each.err != nil {
			w.err = each.err
		}
	}
	return replies
}

// expectRate judges a burst by a limit that holds in every rolling second: one within a second must get
// exactly the limit, one that took longer may get it once more for each second begun.
func (w *walk) expectRate(b burst, limit int) {
	w.expect(b.other == 0, "each was answered by 200 or 429")
	if b.took < time.Second {
		w.expect(b.admitted == limit, "within %d ms exactly %d were admitted, and %d should be", b.took.Milliseconds(), b.admitted, limit)
	} else {
		most := limit * int(b.took/time.Second+1)
		w.expect(b.admitted >= limit && b.admitted <= most, "it took %s: %d were admitted, and %d to %d may be", b.took, b.admitted, limit, most)
	}
	w.expect(retryAfter(b.rejection) == 1, "the others were told to come back in a second: Retry-After is %d", retryAfter(b.rejection))
}

// retryAfter is the header in seconds, zero for none.
func retryAfter(r reply) int {
	seconds, err := strconv.Atoi(r.headers.Get("Retry-After"))
	if err != nil {
		return 0
	}
	return seconds
}
