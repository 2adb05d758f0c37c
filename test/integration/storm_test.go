package integration

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"math"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tollgate/test/eventually"
	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

const (
	// stormEnv is the environment variable that says how long the storm lasts, 2s unless set.
	stormEnv = "TOLLGATE_STORM"
	// crowdWidth is the connections of a crowd.
	crowdWidth = 200
	// coolDown is jwks-verify's: the time between two fetches of keys that requests cause.
	coolDown = 5 * time.Second
)

// crowd sends tokens on crowdWidth connections.
type crowd struct {
	url string
	// token mints the next one.
	token   func() (string, error)
	opened  atomic.Int64 // connections
	stop    chan struct{}
	senders sync.WaitGroup
	mu      sync.Mutex
	answers map[int]int // by status, zero for none
}

func startCrowd(url string, token func() (string, error)) *crowd {
	c := &crowd{url: url, token: token, stop: make(chan struct{}), answers: map[int]int{}}
	for i := range crowdWidth {
		c.senders.Go(func() { c.send(i) })
	}
	return c
}

// send sends one token after the other, with pauses: the machine is the load's, the gateway's and the good
// traffic's, too. The i-th begins in its turn, so that they do not all send at once.
func (c *crowd) send(i int) {
	const pause = 200 * time.Millisecond
	client := c.connection()
	defer client.CloseIdleConnections()
	for next := pause * time.Duration(i) / crowdWidth; ; next = pause {
		select {
		case <-c.stop:
			return
		case <-time.After(next):
		}
		status := c.sendOne(client)
		c.mu.Lock()
		c.answers[status]++
		c.mu.Unlock()
	}
}

// connection is a client with one connection of its own.
func (c *crowd) connection() *http.Client {
	var dialer net.Dialer
	return &http.Client{Timeout: shared.client.Timeout, Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c.opened.Add(1)
			return dialer.DialContext(ctx, network, address)
		},
	}}
}

// sendOne returns the status of the answer.
func (c *crowd) sendOne(client *http.Client) int {
	token, err := c.token()
	if err != nil {
		return 0
	}
	request, err := http.NewRequest(http.MethodGet, c.url, http.NoBody)
	if err != nil {
		return 0
	}
	request.Header.Set("Authorization", "Bearer "+token)
	r, _ := do(client, request) // status zero tells
	return r.status
}

// end wants all connections to have been open, and no answer of another status. It returns how many there were
// of each.
func (c *crowd) end(t *testing.T, statuses ...int) map[int]int {
	t.Helper()
	close(c.stop)
	c.senders.Wait()
	if n := c.opened.Load(); n < crowdWidth {
		t.Errorf("%d connections were opened, want %d", n, crowdWidth)
	}
	for status := range c.answers {
		if !slices.Contains(statuses, status) {
			t.Errorf("the crowd was answered by %v, want %v alone", c.answers, statuses)
		}
	}
	if len(c.answers) == 0 {
		t.Error("the crowd was answered by nothing")
	}
	return c.answers
}

// foreign mints tokens with the claims of a good one, each with another kid, signed by a key that is not
// the issuer's.
func foreign(t *testing.T, good string) func() (string, error) {
	t.Helper()
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(good, claims); err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return func() (string, error) {
		token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
		token.Header["kid"] = rand.Text()
		return token.SignedString(key)
	}
}

// TestAStormOfUnknownKids has good traffic run alone, beside a crowd with a good token, and beside one with
// unknown kids, of whom those are refused for good whose kid was looked for, and the others told to come again: that
// does not look like an outage of the issuer. TOLLGATE_STORM says how long each lasts, up to a few minutes: keys are
// fetched regularly then. The times that it prints are worth comparing from some ten seconds on.
func TestAStormOfUnknownKids(t *testing.T) {
	lasts, err := time.ParseDuration(cmp.Or(os.Getenv(stormEnv), "2s"))
	if err != nil {
		t.Fatalf("%s: %v", stormEnv, err)
	}
	s := start(t, sandbox.Options{})
	url := s.URL + "/registered" // where ES256 is allowed
	header := bearerOf(t, s, issuer.Token{Client: "load-app"})
	good := strings.TrimPrefix(header, "Authorization: Bearer ")
	eventually.Holds(t, 10*time.Second, "keys", func() bool { return getFrom(t, s, "/registered", header).status == http.StatusOK })

	alone := goodTraffic(t, url, header, lasts)
	friends := startCrowd(url, func() (string, error) { return good, nil })
	besideFriends := goodTraffic(t, url, header, lasts)
	before, outages := s.Issuer.Fetches(), verdicts(t, s, `reason="keys_unavailable",status="503"`)
	sentGood := friends.end(t, http.StatusOK)
	storm := startCrowd(url, foreign(t, good))
	besideStorm := goodTraffic(t, url, header, lasts)
	sentUnknown := storm.end(t, http.StatusUnauthorized, http.StatusServiceUnavailable)
	fetches := s.Issuer.Fetches() - before

	if most := 1 + int(math.Ceil(float64(lasts)/float64(coolDown))); fetches < 1 || fetches > most {
		t.Errorf("%d fetches of keys, want 1 to %d", fetches, most)
	}
	if n := verdicts(t, s, `reason="keys_unavailable",status="503"`) - outages; n != 0 {
		t.Errorf("%d answers look like an outage of the issuer", n)
	}
	t.Logf("%s each: requests with unknown kids, by status %v, caused %d fetches; good traffic alone: %s; beside others, by status %v: %s; beside the unknown kids: %s",
		lasts, sentUnknown, fetches, times(alone), sentGood, times(besideFriends), times(besideStorm))
}

// verdicts is how many requests jwks-verify has judged so, by the metric's labels.
func verdicts(t *testing.T, s *sandbox.Sandbox, labels string) int {
	t.Helper()
	metrics, err := send(s.StatusURL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(metrics.body), "tollgate_jwks_verify_total{"+labels+"} ")
	number, _, _ := strings.Cut(after, "\n")
	n, err := strconv.ParseFloat(number, 64)
	if !found || err != nil {
		t.Fatalf("no number of %s: %q, %v", labels, number, err)
	}
	return int(n)
}

// goodTraffic loads a route for a time and wants each answer to be 200. It returns how long they took,
// sorted.
func goodTraffic(t *testing.T, url, header string, lasts time.Duration) []time.Duration {
	t.Helper()
	l := startLoadOf(t, url, header)
	time.Sleep(lasts)
	var took []time.Duration
	for _, a := range l.end() {
		if a.status != http.StatusOK {
			t.Errorf("a good request got %d after %s", a.status, a.took)
		}
		took = append(took, a.took)
	}
	if len(took) == 0 {
		t.Fatal("no good request was answered")
	}
	slices.Sort(took)
	return took
}

// times are what is sorted, for people.
func times(sorted []time.Duration) string {
	at := func(q float64) string {
		return sorted[int(q*float64(len(sorted)-1))].Round(100 * time.Microsecond).String()
	}
	return "median " + at(0.5) + ", p99 " + at(0.99)
}
