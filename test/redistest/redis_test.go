package redistest

import (
	"testing"

	"github.com/redis/go-redis/v9"
)

func TestServersAnswer(t *testing.T) {
	servers := map[string]func(testing.TB) string{
		"a real redis-server": Start,
		"the embedded server": func(tb testing.TB) string { return Embedded(tb).Addr() },
	}
	for name, start := range servers {
		t.Run(name, func(t *testing.T) {
			c := redis.NewClient(&redis.Options{Addr: start(t)})
			defer func() { _ = c.Close() }()
			if err := c.Ping(t.Context()).Err(); err != nil {
				t.Errorf("pinging: %v", err)
			}
		})
	}
}

func TestStartFailsWhereRedisIsRequiredButMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv(RequireEnv, "1")
	if r := record(t); !r.failed || r.skipped {
		t.Errorf("failed %v, skipped %v; want a failure", r.failed, r.skipped)
	}
}

func TestStartSkipsWhereRedisIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv(RequireEnv, "")
	if r := record(t); r.failed || !r.skipped {
		t.Errorf("failed %v, skipped %v; want a skip", r.failed, r.skipped)
	}
}

// recorder is a test that notes how it was ended.
type recorder struct {
	testing.TB
	failed, skipped bool
}

func (r *recorder) Fatal(...any) { r.failed = true; panic(r) }
func (r *recorder) Skip(...any)  { r.skipped = true; panic(r) }

func record(t *testing.T) (r *recorder) {
	t.Helper()
	r = &recorder{TB: t}
	defer func() {
		if recover() != any(r) {
			t.Error("Start did not end the test")
		}
	}()
	Start(r)
	return r
}
