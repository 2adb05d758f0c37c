package kongsim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tollgate/test/echo"
	"tollgate/test/kongsim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// log is a writer that may be read while it is written.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// stand is a gateway with an echo behind it.
type stand struct {
	t              *testing.T
	sim            *kongsim.Gateway // nil for a real Kong
	url, upstream  string
	errors, access fmt.Stringer
}

// start runs a gateway with a route for everything under / to an echo, and the
// given plugin entries, in YAML, on top; or with o.Config, in which UPSTREAM is
// the echo's URL. With GATEWAY=kong in the environment it is the Kong on the
// PATH, so that Kong itself can judge these tests.
func start(t *testing.T, o kongsim.Options, plugins string) *stand {
	t.Helper()
	upstream := httptest.NewServer(echo.Handler())
	t.Cleanup(upstream.Close)
	s := &stand{t: t, upstream: upstream.URL}
	if o.Config == nil {
		o.Config = s.config(plugins)
	}
	o.Config = bytes.ReplaceAll(o.Config, []byte("UPSTREAM"), []byte(upstream.URL))
	if os.Getenv("GATEWAY") == "kong" {
		s.startKong(o)
	} else {
		s.startSim(o)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("error log:\n%s", s.errors)
		}
	})
	return s
}

func (s *stand) startSim(o kongsim.Options) {
	s.t.Helper()
	errors, access := &log{}, &log{}
	o.ErrorLog, o.AccessLog = errors, access
	gateway, err := kongsim.Start(s.t.Context(), o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := gateway.Close(); err != nil {
			s.t.Errorf("closing: %v", err)
		}
	})
	s.sim, s.url, s.errors, s.access = gateway, gateway.URL(), errors, access
}

// name is what the gateway calls itself.
func (s *stand) name() string {
	if s.sim == nil {
		return "kong/3.9.3"
	}
	return "kongsim"
}

// simOnly skips a test of what kongsim has and Kong has not.
func simOnly(t *testing.T) {
	t.Helper()
	if os.Getenv("GATEWAY") == "kong" {
		t.Skip("kongsim's own")
	}
}

func (s *stand) config(plugins string) []byte {
	return fmt.Appendf(nil, `
_format_version: "3.0"
services:
- name: echo
  url: %s
  routes: [{name: all, paths: [/]}]
%s`, s.upstream, plugins)
}

// answer is a response with its body read.
type answer struct {
	status int
	header http.Header
	body   string
}

// echoed is the request as the upstream saw it.
func (a answer) echoed(t *testing.T) echo.Request {
	t.Helper()
	var r echo.Request
	if err := json.Unmarshal([]byte(a.body), &r); err != nil {
		t.Fatalf("status %d, body %q: %v", a.status, a.body, err)
	}
	return r
}

// get sends a GET; headers are "Name: value", sent in this spelling.
func (s *stand) get(path string, headers ...string) answer {
	s.t.Helper()
	return s.send(http.MethodGet, path, nil, headers...)
}

func (s *stand) send(method, path string, body io.Reader, headers ...string) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.do(r, headers...)
}

func (s *stand) do(r *http.Request, headers ...string) answer {
	s.t.Helper()
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header[name] = append(r.Header[name], value)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(data)}
}

// logged is the access log's line for that response. A real Kong writes it
// after the response.
func (s *stand) logged(a answer) map[string]any {
	s.t.Helper()
	id := a.header.Get("X-Kong-Request-Id")
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		for line := range strings.Lines(s.access.String()) {
			var entry struct {
				Request struct{ ID string }
				All     map[string]any `json:"-"`
			}
			if json.Unmarshal([]byte(line), &entry) == nil && entry.Request.ID == id {
				if err := json.Unmarshal([]byte(line), &entry.All); err != nil {
					s.t.Fatal(err)
				}
				return entry.All
			}
		}
		if s.sim != nil {
			break
		}
	}
	s.t.Fatalf("no line for request %s in the access log:\n%s", id, s.access)
	return nil
}
