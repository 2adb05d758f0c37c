package tieredlimit

import (
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tollgate/internal/kongtest"
	"tollgate/internal/plugin"
	"tollgate/test/eventually"
	"tollgate/test/redisproc"
	"tollgate/test/redistest"
)

// waiting is how long a test waits for what runs in the background. Nothing is judged by it.
const waiting = time.Minute

// reportOf is what /status tells of the only target.
func reportOf(t *testing.T, p plugin.Plugin) targetReport {
	t.Helper()
	text, err := json.Marshal(p.Status())
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Targets) != 1 {
		t.Fatalf("%d targets in %s", len(r.Targets), text)
	}
	return r.Targets[0]
}

// times runs requests of one consumer, and returns how many were answered with each status; zero is passed.
func times(t *testing.T, h plugin.Handler, requests int) map[int]int {
	t.Helper()
	statuses := map[int]int{}
	for range requests {
		status := 0
		if got := (&kongtest.Kong{Consumer: consumer()}).Run(t, h); got.Exit != nil {
			status = got.Exit.Status
		}
		statuses[status]++
	}
	return statuses
}

// A day's quota of ten, on a node that knows that it is alone: what is admitted meanwhile is told to Redis.
func TestAnOutageFromItsBeginningToItsEnd(t *testing.T) {
	m := redistest.Embedded(t)
	p, log := open(t)
	h := build(t, p, strings.Replace(configFor(m.Addr(), "local"), `"daily_quota": 3`, `"daily_quota": 10`, 1))
	eventually.Holds(t, waiting, "the node to be counted", func() bool { return reportOf(t, p).LiveNodes == 1 })
	if got := times(t, h, 4); got[0] != 4 {
		t.Fatalf("with Redis: %v", got)
	}
	wantTarget(t, p, targetReport{
		Target: m.Addr(), State: stateAnswers, LiveNodes: 1, LocalKeys: 1,
		Connections: []connectionReport{{State: stateAnswers, Breaker: positionClosed, TimeoutMillis: 1000}},
	})

	m.SetError("LOADING Redis is loading the dataset in memory")
	if got := times(t, h, 9); got[0] != 6 || got[429] != 3 {
		t.Errorf("without Redis, with six left of the day: %v", got)
	}
	wantTarget(t, p, targetReport{
		Target: m.Addr(), State: stateSilent, LiveNodes: 1, LocalKeys: 1, Debts: debtsReport{Keys: 1, Requests: 6},
		Connections: []connectionReport{{State: stateSilent, Breaker: positionOpen, TimeoutMillis: 1000}},
	})

	m.SetError("")
	eventually.Holds(t, waiting, "the debts to be settled", func() bool {
		r := reportOf(t, p)
		return r.Debts.Requests == 0 && r.State == stateAnswers
	})
	if got := times(t, h, 3); got[429] != 3 {
		t.Errorf("with Redis again, and nothing left of the day: %v", got)
	}
	if used := usedIn(t, m); used != "10" {
		t.Errorf("the day has used %s, want 10", used)
	}
	eventually.Holds(t, waiting, "the log", func() bool { return strings.Contains(log.String(), "redis answers again") })
	if said := log.String(); strings.Count(said, "redis does not answer") != 1 || strings.Count(said, "redis answers again") != 1 {
		t.Errorf("logged %s", said)
	}
}

// With on_redis_error allow all pass, and the day counts them afterwards.
func TestWhatIsAllowedWithoutRedisIsDebitedAfterwards(t *testing.T) {
	m := redistest.Embedded(t)
	p, _ := open(t)
	h := build(t, p, strings.Replace(configFor(m.Addr(), "allow"), `"daily_quota": 3`, `"daily_quota": 10`, 1))
	if got := times(t, h, 4); got[0] != 4 {
		t.Fatalf("with Redis: %v", got)
	}
	m.SetError("LOADING Redis is loading the dataset in memory")
	if got := times(t, h, 20); got[0] != 20 {
		t.Errorf("without Redis: %v", got)
	}
	m.SetError("")
	eventually.Holds(t, waiting, "the debts to be settled", func() bool { return reportOf(t, p).Debts.Requests == 0 })
	if used := usedIn(t, m); used != "24" {
		t.Errorf("the day has used %s, want 24", used)
	}
}

// Nobody asks, and it is known all the same that Redis is away, and why.
func TestARedisThatIsAwayAtTheStartIsReported(t *testing.T) {
	p, log := open(t)
	build(t, p, configFor(unusedAddress(t), "local"))
	eventually.Holds(t, waiting, "a report", func() bool { return reportOf(t, p).State == stateSilent })
	if r := reportOf(t, p); !strings.Contains(r.Connections[0].LastError, "no connection to redis") {
		t.Errorf("reported %+v", r)
	}
	if said := log.String(); strings.Count(said, "redis does not answer") != 1 {
		t.Errorf("logged %s", said)
	}
}

// What is wrong for all calls a node notices by itself, and names at once what it is: there is no second line for it
// when requests come.
func TestARedisThatIsConfiguredWronglyIsReportedWithoutRequests(t *testing.T) {
	t.Parallel() // it waits
	secret := redistest.StartWith(t, redisproc.Options{Password: "hunter2"}).Addr
	for _, row := range []struct {
		name, addr, record string
		want               error
	}{
		{"a wrong password", secret, `"timeout": 5000, "password": "hunter3"`, errWrongPassword},
		{"no password", secret, `"timeout": 5000`, errNoPassword},
		{"no TLS where it is configured", silentServer(t), `"timeout": 500, "ssl": true, "ssl_verify": false`, errSilentTLS},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p, log := open(t)
			h := build(t, p, strings.Replace(configFor(row.addr, "local"), `"timeout": 1000`, row.record, 1))
			eventually.Holds(t, 20*time.Second, "a report", func() bool { return reportOf(t, p).State == stateSilent })
			if cause := reportOf(t, p).Connections[0].LastError; !strings.Contains(cause, row.want.Error()) {
				t.Errorf("reported %s, want %v", cause, row.want)
			}
			times(t, h, 2)
			if said := log.String(); strings.Count(said, "level=WARN") != 1 || !strings.Contains(said, row.want.Error()) || strings.Contains(said, "hunter") {
				t.Errorf("logged %s", said)
			}
		})
	}
}

// wantTarget compares all but times and what the store's errors decide.
func wantTarget(t *testing.T, p plugin.Plugin, want targetReport) {
	t.Helper()
	got := reportOf(t, p)
	if away := got.State != stateAnswers; away != (got.Connections[0].LastError != "") {
		t.Errorf("%s, and the last error is %q", got.State, got.Connections[0].LastError)
	}
	if got.Since.IsZero() || got.Since.Location() != time.UTC || got.Connections[0].Since.IsZero() {
		t.Errorf("since %v, %v", got.Since, got.Connections[0].Since)
	}
	ignored := cmp.Options{
		cmpopts.IgnoreFields(targetReport{}, "Since"), cmpopts.IgnoreFields(connectionReport{}, "Since", "UnknownDebits", "DenialsInMemory", "LastError"),
	}
	if diff := cmp.Diff(want, got, ignored); diff != "" {
		t.Errorf("target (-want +got):\n%s", diff)
	}
}

// usedIn is what the only day in a Redis has used.
func usedIn(t *testing.T, m *miniredis.Miniredis) string {
	t.Helper()
	for _, key := range m.Keys() {
		if strings.HasSuffix(key, ":state") {
			state, _ := m.Get(key)
			used, _, _ := strings.Cut(state, " ")
			return used
		}
	}
	return ""
}

// What a node has admitted without Redis counts in all its instances, and after a configuration was loaded
// anew, even with other options of the connection.
func TestWhatWasAdmittedWithoutRedisOutlivesAReload(t *testing.T) {
	addr := unusedAddress(t)
	p, _ := open(t)
	config := configFor(addr, "local")
	first, second := build(t, p, config), build(t, p, strings.Replace(config, `"tps": 1000,`, `"tps": 500,`, 1))
	if got := times(t, first, 1); got[0] != 1 {
		t.Fatalf("the part of two nodes of three requests: %v", got)
	}
	if got := times(t, second, 1); got[429] != 1 {
		t.Errorf("another instance has a part of its own: %v", got)
	}
	first.Close()
	second.Close()
	if got := times(t, build(t, p, config), 1); got[429] != 1 {
		t.Errorf("after a reload there is a part more: %v", got)
	}
	if got := times(t, build(t, p, strings.Replace(config, "1000}}", "999}}", 1)), 1); got[429] != 1 {
		t.Errorf("after a reload with another timeout there is a part more: %v", got)
	}
	if r := reportOf(t, p); len(r.Connections) != 2 {
		t.Errorf("%d connections", len(r.Connections))
	}
	if got := times(t, build(t, p, strings.Replace(config, `"port"`, `"database": 1, "port"`, 1)), 1); got[0] != 1 {
		t.Errorf("another database has no part of its own: %v", got)
	}
}

func TestTheGaugesTellTheState(t *testing.T) {
	m := redistest.Embedded(t)
	metrics := prometheus.NewRegistry()
	p := New(plugin.Deps{Log: slog.New(slog.DiscardHandler), Metrics: metrics, Now: time.Now})
	t.Cleanup(p.Close)
	h := build(t, p, strings.Replace(configFor(m.Addr(), "local"), `"daily_quota": 3`, `"daily_quota": 10`, 1))
	eventually.Holds(t, waiting, "the node to be counted", func() bool { return reportOf(t, p).LiveNodes == 1 })
	m.SetError("LOADING Redis is loading the dataset in memory")
	times(t, h, 7)
	want := `
# HELP tollgate_tiered_limit_debts_waiting Requests admitted without Redis that it is still to be told of.
# TYPE tollgate_tiered_limit_debts_waiting gauge
tollgate_tiered_limit_debts_waiting{target="ADDR"} 7
# HELP tollgate_tiered_limit_live_nodes Gateways that share Redis, as it has last counted them; 0 before its first answer.
# TYPE tollgate_tiered_limit_live_nodes gauge
tollgate_tiered_limit_live_nodes{target="ADDR"} 1
# HELP tollgate_tiered_limit_redis_up Whether Redis answers: 1 it does, 0 it does not or has not yet, and between them the part of a Cluster's masters that does.
# TYPE tollgate_tiered_limit_redis_up gauge
tollgate_tiered_limit_redis_up{target="ADDR"} 0
`
	err := testutil.GatherAndCompare(metrics, strings.NewReader(strings.ReplaceAll(want, "ADDR", m.Addr())),
		"tollgate_tiered_limit_debts_waiting", "tollgate_tiered_limit_live_nodes", "tollgate_tiered_limit_redis_up")
	if err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(metrics, "tollgate_tiered_limit_exceeded_total"); n != 3 || err != nil {
		t.Errorf("%d series of what the tiers of a configuration can exceed, want 3: %v", n, err)
	}
	if problems, err := testutil.GatherAndLint(metrics); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

// A node that stops tells Redis what it owes, where it answers, and counts it as lost where it does not.
func TestAStoppingNodeSettlesWhatItCan(t *testing.T) {
	for name, back := range map[string]bool{"Redis is back": true, "Redis is away": false} {
		t.Run(name, func(t *testing.T) {
			m := redistest.Embedded(t)
			p, log := open(t)
			h := build(t, p, configFor(m.Addr(), "local"))
			c := h.(*handler).limiter.counter.(*connection)
			eventually.Holds(t, waiting, "the node to be counted", func() bool { return reportOf(t, p).LiveNodes == 1 })
			c.stop() // nothing settles in the background
			c.keepers.Wait()
			for range 3 {
				c.site.local.take("a", daily(t, 9), 1)
			}
			if !back {
				m.SetError("LOADING Redis is loading the dataset in memory")
			}
			h.Close()
			p.Close()
			lost := testutil.ToFloat64(c.metrics.debts.WithLabelValues(debtsStopped))
			if back && (lost != 0 || usedIn(t, m) != "3" || m.Exists(nodesKey)) {
				t.Errorf("%v are lost, the day has used %s, and the node still counts: %v", lost, usedIn(t, m), m.Exists(nodesKey))
			}
			if said := log.String(); !back && (lost != 3 || !strings.Contains(said, "requests=3")) {
				t.Errorf("%v are lost, and logged %s", lost, said)
			}
		})
	}
}

// The README shows a state as it is: all of its members, and no others.
func TestTheStateInTheREADMEIsOne(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```json\n")
	shown, _, _ := strings.Cut(rest, "```")
	var body struct {
		Plugins map[string]report `json:"plugins"`
	}
	if err := json.Unmarshal([]byte(shown), &body); err != nil {
		t.Fatal(err)
	}
	again, err := json.MarshalIndent(body, "", "  ")
	if err != nil || string(again)+"\n" != shown {
		t.Errorf("%v (-README +state):\n%s", err, cmp.Diff(shown, string(again)+"\n"))
	}
}
