package soak

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"tollgate/test/issuer"
)

// kind is one kind of requests.
type kind struct {
	name    string
	senders int
	path    string
	headers func(s *soak) (http.Header, error)
	refused bool // such a request may never reach the upstream
	abort   bool // the client goes before the answer comes
}

const tenant = "acme"

func kinds() []kind {
	token := func(s *soak, token issuer.Token) (http.Header, error) {
		signed, err := s.Issuer.Mint(token)
		return http.Header{"Authorization": {"Bearer " + signed}, "X-Tenant-Id": {tenant}}, err
	}
	good := func(s *soak) (http.Header, error) { return token(s, issuer.Token{Client: "good-app", KeyID: s.kid}) }
	fixed := func(h http.Header) func(*soak) (http.Header, error) {
		return func(*soak) (http.Header, error) { return h.Clone(), nil }
	}
	return []kind{
		{name: "good token", senders: 3, path: "/token", headers: good},
		{name: "token of the newest key", senders: 1, path: "/token", headers: func(s *soak) (http.Header, error) {
			return token(s, issuer.Token{Client: "good-app"})
		}},
		{name: "good key", senders: 1, path: "/key", headers: fixed(http.Header{"Apikey": {"soak-key-of-good-app"}})},
		{name: "no plugin", senders: 1, path: "/open", headers: fixed(http.Header{})},
		{name: "denied by its quota", senders: 1, path: "/key", headers: fixed(http.Header{"Apikey": {"soak-key-of-trial-app"}})},
		{name: "client gone", senders: 1, path: "/token", headers: good, abort: true},
		{name: "token of nobody", senders: 1, path: "/token", refused: true, headers: func(s *soak) (http.Header, error) {
			return token(s, issuer.Token{Client: "nobody"})
		}},
		{name: "token that has expired", senders: 1, path: "/token", refused: true, headers: func(s *soak) (http.Header, error) {
			return token(s, issuer.Token{Client: "good-app", ExpiresIn: -time.Hour})
		}},
		{name: "token of an unknown key", senders: 1, path: "/token", refused: true, headers: func(s *soak) (http.Header, error) {
			return token(s, issuer.Token{Client: "good-app", KeyID: fmt.Sprint("made-up-", time.Now().UnixNano())})
		}},
		{name: "no token at all", senders: 1, path: "/token", refused: true, headers: fixed(http.Header{"X-Tenant-Id": {tenant}})},
		{name: "stripped header", senders: 1, path: "/token", refused: true, headers: func(s *soak) (http.Header, error) {
			h, err := good(s)
			h.Del("X-Tenant-Id")
			return h, err
		}},
	}
}

// traffic sends until stop is closed.
func (s *soak) traffic(stop <-chan struct{}) *sync.WaitGroup {
	const timeout = 20 * time.Second
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	client := &http.Client{Transport: transport, Timeout: timeout}
	senders := &sync.WaitGroup{}
	for _, k := range kinds() {
		for range k.senders {
			senders.Go(func() { s.send(client, k, stop) })
		}
	}
	senders.Go(func() { s.attackSocket(stop) })
	s.t.Cleanup(transport.CloseIdleConnections)
	return senders
}

func (s *soak) send(client *http.Client, k kind, stop <-chan struct{}) {
	ticker := time.NewTicker(s.plan.pace)
	defer ticker.Stop()
	var headers http.Header
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		if i%s.plan.reuse == 0 {
			var err error
			if headers, err = k.headers(s); err != nil {
				s.tally.fault("minting: " + err.Error())
				return
			}
		}
		s.tally.count(k, s.one(client, k, headers, i))
	}
}

// one sends a request and returns the answer's status, 0 for none.
func (s *soak) one(client *http.Client, k kind, headers http.Header, i int) int {
	ctx := context.Background()
	if k.abort { // at various points of the way
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(i%10)*300*time.Microsecond)
		defer cancel()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+k.path, http.NoBody)
	if err != nil {
		return 0
	}
	request.Header = headers
	response, err := client.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// tally counts answers, for each phase apart.
type tally struct {
	mu     sync.Mutex
	phases []phase
	seen   []string
}

// phase is a part of the time, and its answers by kind and status.
type phase struct {
	name   string
	counts map[string]map[int]int
}

func newTally() *tally {
	c := &tally{}
	c.begin("while servers are killed")
	return c
}

func (c *tally) begin(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.phases = append(c.phases, phase{name, map[string]map[int]int{}})
}

func (c *tally) count(k kind, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	counts := c.phases[len(c.phases)-1].counts
	if counts[k.name] == nil {
		counts[k.name] = map[int]int{}
	}
	counts[k.name][status]++
}

func (c *tally) fault(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = append(c.seen, text)
}

// faults are answers that must not be: one that passed what is to be refused, or many good requests that fail
// where nothing was killed.
func (c *tally) faults() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	const most = 0.05 // a gateway that reloads on a machine that is busy with other tests
	found := c.seen
	for i, p := range c.phases {
		for _, k := range kinds() {
			of, sum := p.counts[k.name], 0
			for _, n := range of {
				sum += n
			}
			passed := of[http.StatusOK]
			switch {
			case sum == 0:
				found = append(found, k.name+", "+p.name+": nothing was sent")
			case k.refused && passed > 0:
				found = append(found, fmt.Sprintf("%s, %s: %d of %d passed", k.name, p.name, passed, sum))
			case i > 0 && strings.HasPrefix(k.name, "good") && float64(sum-passed) > most*float64(sum):
				found = append(found, fmt.Sprintf("%s, %s: only %d of %d passed: %v", k.name, p.name, passed, sum, of))
			}
		}
	}
	return found
}
