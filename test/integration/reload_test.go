package integration

import (
	"bytes"
	"net/http"
	"strconv"
	"testing"
	"time"

	"tollgate/test/eventually"
	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

// TestAReloadKeepsWhatLivesInThePluginServer reloads under load, by SIGHUP to the parent. The issuer is
// down meanwhile: keys that were fetched before must do.
func TestAReloadKeepsWhatLivesInThePluginServer(t *testing.T) {
	s := start(t, sandbox.Options{})
	token := bearerOf(t, s, issuer.Token{Client: "load-app"})
	getFrom(t, s, "/limited/token", token).is(t, http.StatusOK)
	before := remainingToday(t, s)
	s.Issuer.Down(true)
	l := startLoad(t, s, token)
	eventually.Holds(t, 10*time.Second, "the load to run", func() bool { return l.good(time.Time{}) > 20 })

	changed := bytes.ReplaceAll(suiteConfig, []byte("paths: [/open]"), []byte("paths: [/open, /fresh]"))
	if err := s.Reload(changed); err != nil {
		t.Fatal(err)
	}
	took := eventually.Holds(t, 10*time.Second, "the new route", func() bool { return getFrom(t, s, "/fresh").status == http.StatusOK })
	t.Logf("the new route was there after %s", took.Round(time.Millisecond))
	reloaded := time.Now()
	eventually.Holds(t, 10*time.Second, "traffic after the reload", func() bool { return l.good(reloaded) > 50 })
	for _, a := range l.end() {
		if a.status != http.StatusOK {
			t.Errorf("a request got %d, %s after the reload", a.status, a.at().Sub(reloaded))
		}
	}
	if after := remainingToday(t, s); after != before-1 {
		t.Errorf("%d requests remained of the day, after one more %d", before, after)
	}
}

// remainingToday sends a request and returns what the answer says.
func remainingToday(t *testing.T, s *sandbox.Sandbox) int {
	t.Helper()
	r := getFrom(t, s, "/limited/key", keyOf("free-app"))
	r.is(t, http.StatusOK)
	left, err := strconv.Atoi(r.headers.Get("X-RateLimit-Remaining-Day"))
	if err != nil {
		t.Fatal(err)
	}
	return left
}
