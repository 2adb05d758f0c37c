package integration

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/alicebob/miniredis/v2"
	"github.com/rs/zerolog"

	"tollgate/test/eventually"
	"tollgate/test/freeport"
	"tollgate/test/redisproc"
	"tollgate/test/sandbox"
)

// redisOn starts a Redis on the port until the test ends: a real one where it is installed.
func redisOn(t *testing.T, port int) {
	t.Helper()
	server, err := redisproc.Start(redisproc.Options{Port: port, Password: sandbox.RedisPassword, Folder: t.TempDir()})
	switch {
	case err == nil:
		t.Cleanup(server.Close)
	case errors.Is(err, redisproc.ErrMissing):
		embedded := miniredis.NewMiniRedis()
		embedded.RequireAuth(sandbox.RedisPassword)
		if err := embedded.StartAddr(freeport.Address(port)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(embedded.Close)
	default:
		t.Fatal(err)
	}
}

// TestRedisThatComesLate starts a gateway whose Redis is down. The suite's routes below /limited deny
// meanwhile, /tolerant allows, and /alone admits the gateway's part.
func TestRedisThatComesLate(t *testing.T) {
	port, err := freeport.Take()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, sandbox.Options{Config: suiteConfig, Values: map[string]string{"DECK_REDIS_PORT": strconv.Itoa(port)}})
	r := getFrom(t, s, "/limited/key", keyOf("free-app"))
	r.is(t, http.StatusServiceUnavailable)
	if r.problem(t); r.headers.Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", r.headers.Get("Retry-After"))
	}
	r = getFrom(t, s, "/tolerant")
	r.is(t, http.StatusOK)
	if got := r.headers.Get("X-RateLimit-Limit-Second"); got != "" {
		t.Errorf("nothing was counted, and the answer claims a limit of %s", got)
	}
	r = getFrom(t, s, "/alone")
	r.is(t, http.StatusOK)
	if limit, left := r.headers.Get("X-RateLimit-Limit-Day"), r.headers.Get("X-RateLimit-Remaining-Day"); limit != "1000" || left != "249" {
		t.Errorf("one of a fourth of 1000 leaves %s of %s", left, limit)
	}
	logHas(t, s.RunLog(), "redis does not answer", freeport.Address(port))

	redisOn(t, port)
	took := eventually.Holds(t, 5*time.Second, "requests to be counted", func() bool {
		r := getFrom(t, s, "/limited/key", keyOf("free-app"))
		return r.status == http.StatusOK && r.headers.Get("X-RateLimit-Limit-Second") == "20" &&
			getFrom(t, s, "/tolerant").headers.Get("X-RateLimit-Limit-Second") == "20"
	})
	t.Logf("counted %s after redis came", took)
	left := 999 // of the day, after the request that was admitted meanwhile
	eventually.Holds(t, 5*time.Second, "the day to count what was admitted meanwhile", func() bool {
		left--
		r := getFrom(t, s, "/alone")
		r.is(t, http.StatusOK)
		return r.headers.Get("X-RateLimit-Remaining-Day") == strconv.Itoa(left)
	})
	logHas(t, s.RunLog(), "redis answers again", freeport.Address(port))
}

// TestRedisThatHangs stops what Redis answers, as a partition does: nothing is refused, nothing comes.
func TestRedisThatHangs(t *testing.T) {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(server, "redis", "127.0.0.1:0", net.JoinHostPort(shared.Redis.Host, shared.Redis.Port))
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	_, port, err := net.SplitHostPort(proxy.Listen)
	if err != nil {
		t.Fatal(err)
	}
	const timeout = 100 * time.Millisecond
	s := start(t, sandbox.Options{Config: suiteConfig, Values: map[string]string{
		"DECK_REDIS_PORT": port, "DECK_REDIS_TIMEOUT": strconv.Itoa(int(timeout.Milliseconds())),
	}})
	eventually.Holds(t, 5*time.Second, "requests to be counted", func() bool {
		return getFrom(t, s, "/tolerant").headers.Get("X-RateLimit-Limit-Second") == "20"
	})
	setHanging(t, proxy, true)
	slowest := time.Duration(0)
	for range 20 {
		r := getFrom(t, s, "/tolerant")
		r.is(t, http.StatusOK)
		slowest = max(slowest, r.took)
	}
	t.Logf("with a Redis that hangs and a timeout of %s, the slowest of 20 requests took %s", timeout, slowest)
	if slowest > timeout+time.Second { // what a loaded machine adds
		t.Errorf("a request took %s", slowest)
	}
	setHanging(t, proxy, false)
	eventually.Holds(t, 5*time.Second, "requests to be counted again", func() bool {
		return getFrom(t, s, "/tolerant").headers.Get("X-RateLimit-Limit-Second") == "20"
	})
}

// setHanging makes the proxy swallow what Redis answers, or stop to.
func setHanging(t *testing.T, proxy *toxiproxy.Proxy, hanging bool) {
	t.Helper()
	var err error
	if hanging {
		_, err = proxy.Toxics.AddToxicJson(strings.NewReader(`{"name": "hang", "type": "timeout", "stream": "downstream", "attributes": {"timeout": 0}}`))
	} else {
		err = proxy.Toxics.RemoveToxic(t.Context(), "hang")
	}
	if err != nil {
		t.Fatal(err)
	}
}
