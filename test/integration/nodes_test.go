package integration

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"

	"tollgate/test/issuer"
)

// TestTwoNodesOnOneRedisCountTogether uses a tier of 100 a day, for requests of nobody.
func TestTwoNodesOnOneRedisCountTogether(t *testing.T) {
	nodes := []string{shared.URL, secondNode(t).URL}
	forget(t)
	for i := range 4 {
		r, err := send(nodes[i%2] + "/variants/nodes")
		if err != nil {
			t.Fatal(err)
		}
		r.is(t, http.StatusOK)
		if left := r.remaining(t, "Day"); left != 99-i {
			t.Errorf("node %d: request %d left %d of 100", i%2, i+1, left)
		}
	}
	const sent, quota = 180, 96 // of the day, after the four
	byStatus := alternate(t, sent, nodes, "/variants/nodes")
	if byStatus[200] != quota || byStatus[429] != sent-quota {
		t.Errorf("of %d requests to two nodes, by status %v; want %d admitted, and the others limited", sent, byStatus, quota)
	}
	for i, url := range nodes {
		r, err := send(url + "/variants/nodes")
		if err != nil {
			t.Fatal(err)
		}
		if r.is(t, http.StatusTooManyRequests); r.remaining(t, "Day") != 0 {
			t.Errorf("node %d: headers %v", i, r.headers)
		}
	}
	shared.stress.held(t, "two nodes on one Redis, 100 a day", "100 admitted in all",
		fmt.Sprintf("%d of %d admitted", 4+byStatus[200], 4+sent))
}

// alternate sends n requests to the nodes in turn, several at once, and counts the answers by status.
func alternate(t *testing.T, n int, urls []string, path string) map[int]int {
	t.Helper()
	const width = 12
	var mu sync.Mutex
	var senders sync.WaitGroup
	byStatus := map[int]int{}
	for first := range width {
		senders.Go(func() {
			for i := first; i < n; i += width {
				r, _ := send(urls[i/width%len(urls)] + path) // status zero tells
				mu.Lock()
				byStatus[r.status]++
				mu.Unlock()
			}
		})
	}
	senders.Wait()
	return byStatus
}

// TestAConsumerIsTheSameOnEachNode has one node verify tokens, the other keys: both count one consumer.
func TestAConsumerIsTheSameOnEachNode(t *testing.T) {
	other := secondNode(t)
	forget(t)
	first := get(t, "/limited/token", bearer(t, issuer.Token{Client: "free-headers"}))
	first.is(t, http.StatusOK)
	second := getFrom(t, other, "/limited/key", keyOf("free-headers"))
	second.is(t, http.StatusOK)
	if left, then := first.remaining(t, "Day"), second.remaining(t, "Day"); left != 49999 || then != 49998 {
		t.Errorf("%d of the day's 50000 are left, then %d", left, then)
	}
}

// TestTheWorkersOfANodeCountTogether has connections of their own spread the requests over nginx's workers.
func TestTheWorkersOfANodeCountTogether(t *testing.T) {
	realKongOnly(t)
	s := secondNode(t)
	forget(t)
	const sent, quota = 240, 150
	byStatus, byWorker := map[int]int{}, map[string]int{}
	for _, r := range sendApart(t, sent, s.URL+"/workers") {
		byStatus[r.status]++
		byWorker[r.headers.Get("X-Worker")]++
	}
	if byStatus[200] != quota || byStatus[429] != sent-quota {
		t.Errorf("of %d requests, by status %v; want %d admitted, and the others limited", sent, byStatus, quota)
	}
	if len(byWorker) < 2 {
		t.Errorf("requests by worker: %v", byWorker)
	}
	shared.stress.held(t, "three workers of one node, "+strconv.Itoa(quota)+" a day", strconv.Itoa(quota)+" admitted in all",
		fmt.Sprintf("%d of %d admitted, by %d workers", byStatus[200], sent, len(byWorker)))
}

// sendApart sends each request on a connection of its own, several at once.
func sendApart(t *testing.T, n int, url string) []reply {
	t.Helper()
	const width = 16
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: shared.client.Timeout}
	replies := make([]reply, n)
	var senders sync.WaitGroup
	for first := range width {
		senders.Go(func() {
			for i := first; i < n; i += width {
				request, err := newRequest(url, nil)
				if err == nil {
					replies[i], err = do(client, request)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	senders.Wait()
	return replies
}
