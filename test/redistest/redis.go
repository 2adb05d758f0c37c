// Package redistest starts Redis for tests: a real redis-server where one is installed, and the
// embedded stand-in miniredis.
package redistest

import (
	"errors"
	"os"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"tollgate/test/redisproc"
)

// RequireEnv is the environment variable that, set to 1, makes a test without redis-server fail where
// it would be skipped.
const RequireEnv = "TOLLGATE_REQUIRE_REDIS"

// Start runs an empty redis-server, without persistence, until the test ends, and returns its address.
// Where there is no redis-server on the PATH the test is skipped, or fails if RequireEnv says so.
func Start(tb testing.TB) (addr string) {
	tb.Helper()
	return StartWith(tb, redisproc.Options{}).Addr
}

// StartWith is Start with options. Its folder is the test's, unless they name one.
func StartWith(tb testing.TB, o redisproc.Options) *redisproc.Server {
	tb.Helper()
	if o.Folder == "" {
		o.Folder = tb.TempDir()
	}
	server, err := redisproc.Start(o)
	return started(tb, server, err)
}

// started ends the test where there is no server, and the server when the test ends.
func started(tb testing.TB, server *redisproc.Server, err error) *redisproc.Server {
	tb.Helper()
	switch {
	case errors.Is(err, redisproc.ErrMissing):
		if os.Getenv(RequireEnv) == "1" {
			tb.Fatal("redis-server is not on the PATH, and " + RequireEnv + "=1 requires it")
		}
		tb.Skip("left out, for want of a redis-server on the PATH: " + tb.Name())
	case err != nil:
		tb.Fatal(err)
	}
	tb.Cleanup(server.Close)
	return server
}

// Embedded runs miniredis, which has no expiry of its own, until the test ends.
func Embedded(tb testing.TB) *miniredis.Miniredis {
	tb.Helper()
	m := miniredis.NewMiniRedis()
	if err := m.Start(); err != nil {
		tb.Fatalf("starting miniredis: %v", err)
	}
	tb.Cleanup(m.Close)
	return m
}
