package scale

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tollgate/pluginserver/process"
	"tollgate/test/child"
	"tollgate/test/eventually"
	"tollgate/test/freeport"
	"tollgate/test/sandbox"
)

// serverEnv names another plugin server to measure, such as one of another version.
const serverEnv = "TOLLGATE_SCALE_SERVER"

// binary returns where the plugin server lies, which it builds once, into the folder.
func binary(folder string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		if other := os.Getenv(serverEnv); other != "" {
			return other, nil
		}
		built, err := sandbox.Build(context.Background(), folder, sandbox.Kong)
		if err != nil {
			return "", err
		}
		return built.PluginServer, nil
	})
}

// server is a plugin server that runs.
type server struct {
	socket, status string
	process        *child.Process
}

// startServer starts one until the test ends, and returns once it answers.
func (m *meter) startServer(t *testing.T) *server {
	t.Helper()
	path, err := m.binary()
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "scale-") // a socket's path must be short: t.TempDir is not
	if err != nil {
		t.Fatal(err)
	}
	port, err := freeport.Take()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{socket: filepath.Join(folder, "socket"), status: freeport.Address(port)}
	s.process, err = child.Start(child.Command{
		Argv: []string{path, "serve", "--socket", s.socket, "--status", s.status, "--pprof", "--log-level=error"}, Output: os.Stderr,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.process.Stop(patience); err != nil {
			t.Error(err)
		}
		_ = os.RemoveAll(folder)
	})
	eventually.Holds(t, patience, "an answer on "+s.socket, func() bool {
		_, err := process.Probe(s.socket, patience)
		return err == nil
	})
	return s
}

// get reads what the server tells operators.
func (s *server) get(t *testing.T, path string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.status+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %v", path, response.StatusCode, err)
	}
	return string(body)
}

// metric adds up a metric over its labels.
func (s *server) metric(t *testing.T, names ...string) []float64 {
	t.Helper()
	sums := make([]float64, len(names))
	lines := bufio.NewScanner(strings.NewReader(s.get(t, "/metrics")))
	for lines.Scan() {
		series, value, _ := strings.Cut(lines.Text(), " ")
		bare, _, _ := strings.Cut(series, "{")
		for i, name := range names {
			if number, err := strconv.ParseFloat(value, 64); bare == name && err == nil {
				sums[i] += number
			}
		}
	}
	return sums
}

// cpu is what the process has used, in seconds: the kernel tells it in hundredths.
func (s *server) cpu(t *testing.T) float64 { return s.metric(t, "process_cpu_seconds_total")[0] }

// memory is what the process holds once the garbage is collected, in bytes: the live heap without the ballast
// that serve sets aside, which takes no memory, and all that is resident.
func (s *server) memory(t *testing.T) (heap, resident float64) {
	t.Helper()
	const ballast = 32 << 20
	s.get(t, "/debug/pprof/heap?gc=1")
	values := s.metric(t, "go_memstats_heap_alloc_bytes", "process_resident_memory_bytes")
	return values[0] - ballast, values[1]
}
