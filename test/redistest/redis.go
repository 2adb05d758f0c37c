// Package redistest starts Redis for tests: a real redis-server where one is installed, and the
// embedded stand-in miniredis.
package redistest

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
)

// RequireEnv is the environment variable that, set to 1, makes a test without redis-server fail where
// it would be skipped.
const RequireEnv = "TOLLGATE_REQUIRE_REDIS"

// Start runs an empty redis-server, without persistence, until the test ends, and returns its address.
// Where there is no redis-server on the PATH the test is skipped, or fails if RequireEnv says so.
func Start(tb testing.TB) (addr string) {
	tb.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv(RequireEnv) == "1" {
			tb.Fatal("redis-server is not on the PATH, and " + RequireEnv + "=1 requires it")
		}
		tb.Skip("left out, for want of a redis-server on the PATH: " + tb.Name())
	}
	const attempts = 5 // another process may take the port between its choice and its use
	for range attempts {
		if addr, ok := start(tb, path, freePort(tb)); ok {
			return addr
		}
	}
	tb.Fatalf("%s did not get ready in %d attempts", path, attempts)
	return ""
}

// start reports whether the server got ready to serve on the port.
func start(tb testing.TB, path, port string) (addr string, ok bool) {
	tb.Helper()
	cmd := exec.Command(path, "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--dir", tb.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatalf("piping the output of %s: %v", path, err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatalf("starting %s: %v", path, err)
	}
	lines := bufio.NewScanner(out)
	for !ok && lines.Scan() {
		ok = strings.Contains(lines.Text(), "Ready to accept connections")
	}
	if !ok {
		_ = cmd.Wait()
		return "", false
	}
	drained := make(chan struct{})
	go func() { defer close(drained); _, _ = io.Copy(io.Discard, out) }()
	tb.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-drained
		_ = cmd.Wait()
	})
	return net.JoinHostPort("127.0.0.1", port), true
}

func freePort(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("looking for a free port: %v", err)
	}
	defer func() { _ = l.Close() }()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
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
