package soak

import (
	"bytes"
	_ "embed"
	"errors"
	"os"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tollgate/test/redisproc"
	"tollgate/test/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

//go:embed testdata/soak.yml
var soakTemplate []byte

// config is one of the two configurations that reloads change between.
func config(variant int) []byte {
	return bytes.ReplaceAll(soakTemplate, []byte("VARIANT"), []byte(strconv.Itoa(variant)))
}

// soak is one run.
type soak struct {
	*sandbox.Sandbox
	t       *testing.T
	gateway sandbox.Gateway
	plan    plan
	redis   *restartable
	kid     string // of the key that signs good tokens, whatever key comes later
	tally   *tally
	faults  []string // what was seen and must not be
}

// A plugin server that lives through traffic and trouble holds in the last third of its time what it held in the
// middle third.
func TestSoak(t *testing.T) {
	s := startSoak(t)
	idle := s.parent()
	stop := make(chan struct{})
	ended := s.traffic(stop)
	s.killAgainAndAgain(s.plan.kills)
	s.tally.begin("while one lives")
	samples := s.livesOn(s.plan.mixed)
	close(stop)
	ended.Wait()
	for _, fault := range judge(samples) {
		t.Error(fault)
	}
	if n := len(samples); n > 0 {
		after := samples[n-1] // of each connection the parent holds a duplicate
		if own := after.parent.files - after.connected; own > idle.files+slack().files {
			t.Errorf("the parent has %d files open beside those of connections, and had %d before the kills", own, idle.files)
		}
	}
	for _, fault := range append(s.faults, s.tally.faults()...) {
		t.Error(fault)
	}
	t.Log("\n" + s.report(samples))
}

func startSoak(t *testing.T) *soak {
	t.Helper()
	gateway, err := sandbox.GatewayFromEnv()
	if err != nil {
		t.Fatal(err)
	}
	s := &soak{t: t, gateway: gateway, plan: planned(t), redis: startRedis(t), tally: newTally()}
	o := sandbox.Options{Gateway: gateway, Config: config(5), Environment: []string{"TOLLGATE_PPROF=true"}, Values: map[string]string{}}
	if s.redis != nil {
		o.Values["DECK_REDIS_PORT"] = strconv.Itoa(s.redis.port)
	}
	if s.Sandbox, err = sandbox.Start(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if s.kid, err = s.Issuer.Rotate(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("the processes said:\n" + s.LastWords())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// restartable is a redis-server that can be killed and started again, empty, on its port.
type restartable struct {
	port   int
	server *redisproc.Server
}

// startRedis returns nil where there is no redis-server: the sandbox's embedded store is used then, and is not
// restarted.
func startRedis(t *testing.T) *restartable {
	t.Helper()
	r := &restartable{}
	server, err := redisproc.Start(redisproc.Options{Password: sandbox.RedisPassword})
	if errors.Is(err, redisproc.ErrMissing) {
		if os.Getenv("TOLLGATE_REQUIRE_REDIS") == "1" {
			t.Fatal("a redis-server is required, and none is on the PATH")
		}
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	r.server, r.port = server, portOf(t, server.Addr)
	t.Cleanup(func() { r.server.Close() })
	return r
}

// restart leaves the port empty for a moment.
func (r *restartable) restart(gone time.Duration) error {
	r.server.Close()
	time.Sleep(gone)
	server, err := redisproc.Start(redisproc.Options{Password: sandbox.RedisPassword, Port: r.port})
	if err == nil {
		r.server = server
	}
	return err
}
