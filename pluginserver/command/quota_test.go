package command

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"tollgate/internal/kongtest"
	"tollgate/internal/plugin"
	"tollgate/pluginserver/registry"
	"tollgate/test/eventually"
	"tollgate/test/redistest"
)

// annID is the id that Kong derives for the consumer ann.
const annID = "acf09174-745e-5b26-aaec-4763c149acd7"

const quotaPassword = "hunter2"

// redises start each kind of Redis, with a password.
var redises = map[string]func(*testing.T) string{
	"embedded": func(t *testing.T) string { return nightly(t).Addr() },
	"redis": func(t *testing.T) string {
		addr := redistest.Start(t)
		client := redis.NewClient(&redis.Options{Addr: addr})
		defer client.Close()
		if err := client.ConfigSet(t.Context(), "requirepass", quotaPassword).Err(); err != nil {
			t.Fatal(err)
		}
		return addr
	},
}

// nightly is a Redis whose clock stands still, at three in the morning in Berlin.
func nightly(t *testing.T) *miniredis.Miniredis {
	t.Helper()
	m := redistest.Embedded(t)
	m.RequireAuth(quotaPassword)
	m.SetTime(time.Date(2025, 11, 22, 2, 0, 0, 0, time.UTC))
	return m
}

// quotaOn is a command line below quota, with the configuration in testdata and what that needs.
func quotaOn(t *testing.T, addr string, args ...string) *exec.Cmd {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	cmd := pluginserver("pluginserver", append([]string{"quota"}, args...)...)
	cmd.Dir = "testdata"
	cmd.Env = append(cmd.Env, "DECK_REDIS_HOST="+host, "DECK_REDIS_PORT="+port, "REDIS_PASSWORD="+quotaPassword)
	return cmd
}

// gateway is the plugin as a gateway runs it, for the consumer ann, whose quota is 5. It tells whether a
// request is admitted.
func gateway(t *testing.T, addr string) (admits func() bool) {
	t.Helper()
	plugins, err := registry.Open([]string{"tiered-limit"}, plugin.Deps{
		Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(addr)
	handler, err := plugins[0].Build(fmt.Appendf(nil, `{"tiers": [{"name": "free", "daily_quota": 5}], "default_tier": "free",
		"on_redis_error": "deny", "redis": {"host": %q, "port": %s, "password": %q, "timeout": 5000}}`, host, port, quotaPassword))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { handler.Close(); plugins[0].Close() })
	ann := kongtest.Kong{Consumer: &kongtest.Consumer{ID: annID, Username: "ann"}}
	return func() bool { return ann.Run(t, handler).Exit == nil }
}

// admissions counts what is admitted until nothing is.
func admissions(admits func() bool) (n int) {
	for admits() {
		n++
	}
	return n
}

// A gateway that refuses from memory hears of a change on the command line, within a second where the machine
// is not busy, and admits what was granted: no more, and no less.
func TestAnExhaustedConsumerIsServedAfterAGrantAndAfterAReset(t *testing.T) {
	for kind, start := range redises {
		t.Run(kind, func(t *testing.T) {
			addr := start(t)
			admits := gateway(t, addr)
			if n := admissions(admits); n != 5 || admits() {
				t.Fatalf("%d of a quota of 5 admitted", n)
			}
			for _, step := range []struct {
				args []string
				want int
			}{{[]string{"grant", "ann", "3"}, 3}, {[]string{"grant", "ann", "1"}, 1}, {[]string{"reset", "ann"}, 5}} {
				out, err := quotaOn(t, addr, append(step.args, "--config", "quota.yml")...).CombinedOutput()
				if err != nil {
					t.Fatalf("%q: %v: %s", step.args, err, out)
				}
				waited := eventually.Holds(t, patience, "an admission", admits)
				if n := 1 + admissions(admits); n != step.want {
					t.Errorf("%q: %d admitted, want %d", step.args, n, step.want)
				}
				t.Logf("%q: the gateway forgot within %v", step.args, waited)
			}
		})
	}
}

// The session that the documentation shows.
func TestAQuotaSessionIsAsDocumented(t *testing.T) {
	m := nightly(t)
	if n := admissions(gateway(t, m.Addr())); n != 5 {
		t.Fatalf("%d of a quota of 5 admitted", n)
	}
	var session bytes.Buffer
	for _, line := range []string{"show ann --config quota.yml", "grant ann 1000 --config quota.yml", "show bob --config quota.yml --json"} {
		out, err := quotaOn(t, m.Addr(), strings.Fields(line)...).Output()
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		fmt.Fprintf(&session, "$ pluginserver quota %s\n%s", line, strings.ReplaceAll(string(out), m.Addr(), "redis.internal:6379"))
	}
	golden := filepath.Join("testdata", "quota-session.txt")
	if *update {
		if err := os.WriteFile(golden, session.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), session.String()); diff != "" {
		t.Errorf("%s: `go test ./pluginserver/command -update` rewrites it (-want +got):\n%s", golden, diff)
	}
	readme, err := os.ReadFile(filepath.Join("..", "..", "plugins", "tiered-limit", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(readme), "$ pluginserver quota") && !strings.Contains(string(readme), string(want)) {
		t.Errorf("the session in the README of tiered-limit is not that of %s", golden)
	}
}

func TestQuotaNamesWhatIsWrongAndExitsWithOne(t *testing.T) {
	m := nightly(t)
	for _, row := range []struct {
		args []string
		env  string
		want string
	}{
		{[]string{"show", "nobody", "--config", "quota.yml"}, "", `quota.yml: no consumer with the username, custom_id or id "nobody"`},
		{[]string{"show", "ann", "--config", "quota.yml"}, "DECK_REDIS_PORT=1", "redis at 127.0.0.1:1/0: "},
		{[]string{"show", "ann", "--config", "quota.yml"}, "REDIS_PASSWORD=hunter3", "redis at " + m.Addr() + "/0: "},
		{[]string{"show", "ann", "--config", "quota.yml"}, "DECK_REDIS_PORT=hunter3", "the value is not an integer"},
		{[]string{"show", "ann"}, "", "either --config or --redis-host"},
		{[]string{"show", annID, "--redis-host=h", "--quota=5"}, "TOLLGATE_REDIS_PORT=many", `TOLLGATE_REDIS_PORT: must be a number, got "many"`},
		{[]string{"show", annID, "--redis-host=h", "--redis-ssl=perhaps"}, "", `must be true or false, got "perhaps"`},
		{[]string{"grant", "ann", "0"}, "", `a grant must be of 1 to 1000000000000 requests, got "0"`},
		{[]string{"grant", "ann", "many"}, "", `got "many"`},
		{[]string{"grant", "ann", "-5"}, "", `a grant must be of 1 to 1000000000000 requests, got "-5"`},
		{[]string{"grant", "-5e3", "ann"}, "", `got "-5e3"`},
		{[]string{"grant", "ann", "--", "-5"}, "", `got "-5"`},
		{[]string{"show", "ann", "-5"}, "", "unknown shorthand flag: '5' in -5"},
		{[]string{"grant", "ann", "-x5"}, "", "unknown shorthand flag: 'x' in -x5"},
		{[]string{"grant", "ann", "5", "--frobnicate"}, "", "unknown flag: --frobnicate"},
		{[]string{"grant"}, "", "pluginserver quota grant CONSUMER N [flags]: missing CONSUMER and N"},
		{[]string{"grant", "ann"}, "", "pluginserver quota grant CONSUMER N [flags]: missing N"},
		{[]string{"show"}, "", "pluginserver quota show CONSUMER [flags]: missing CONSUMER"},
		{[]string{"reset", "ann", "5", "6"}, "", `pluginserver quota reset CONSUMER [flags]: nothing more is needed, got ["5" "6"]`},
		{[]string{"show", "ann", "--config=quota.yml", "--timeout=999us"}, "", "--timeout must be at least 1ms, got 999µs"},
		{[]string{"show", "ann", "--config=quota.yml", "--namespace=n", "--tps=5"}, "", "--namespace, --tps: the configuration says that; only without --config"},
		{[]string{"show", "ip:192.0.2.1", "--config=quota.yml", "--consumer-id", annID}, "", "--consumer-id is for a consumer, and not for ip:"},
		{[]string{"shwo", "ann"}, "", `unknown command "shwo"`},
	} {
		cmd := quotaOn(t, m.Addr(), row.args...)
		if row.env != "" {
			cmd.Env = append(cmd.Env, row.env)
		}
		out, err := cmd.CombinedOutput()
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(out), row.want) {
			t.Errorf("%q: %v: %s", row.args, err, out)
		}
		if strings.Contains(string(out), "hunter") {
			t.Errorf("%q: a secret is in: %s", row.args, out)
		}
	}
}

func TestTheHelpOfEachActionSaysWhatAConsumerMayBe(t *testing.T) {
	for _, action := range []string{"show", "reset", "grant"} {
		out, err := pluginserver("pluginserver", "quota", action, "--help").Output()
		for _, want := range []string{"username", "custom_id", annID, "credential:portal", "ip:192.0.2.1", "\n  pluginserver quota " + action + " ann"} {
			if err != nil || !strings.Contains(string(out), want) {
				t.Errorf("%s: %v: %q is not in:\n%s", action, err, want, out)
			}
		}
	}
}

// What flags say instead of a file can come from the environment, as each flag can.
func TestQuotaDoesWithoutAConfiguration(t *testing.T) {
	m := nightly(t)
	cmd := quotaOn(t, m.Addr(), "grant", annID, "7", "--quota", "100", "--timezone", "Europe/Berlin", "--redis-ssl=false")
	cmd.Env = append(cmd.Env, "TOLLGATE_REDIS_HOST="+m.Host(), "TOLLGATE_REDIS_PORT="+m.Port(), "TOLLGATE_REDIS_PASSWORD="+quotaPassword)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "100 -> 107") || !strings.Contains(string(out), "2025-11-23T00:00:00+01:00 Europe/Berlin, in 21h00m") {
		t.Errorf("%v: %s", err, out)
	}
	// Kubernetes names the port of a service called tollgate-redis so; the flag's default holds.
	cmd = quotaOn(t, m.Addr(), "show", annID, "--quota", "100", "--redis-host", "192.0.2.1", "--timeout", "50ms")
	cmd.Env = append(cmd.Env, "TOLLGATE_REDIS_PORT=tcp://10.0.0.1:6379")
	if out, _ := cmd.CombinedOutput(); strings.Contains(string(out), "must be a number") {
		t.Errorf("%s", out)
	}
}
