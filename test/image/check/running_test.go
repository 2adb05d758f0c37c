package check

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"tollgate/test/eventually"
	"tollgate/test/freeport"
)

// configuration is what the gateway serves; the upstream may take its time.
const configuration = `_format_version: "3.0"
services:
  - name: api
    url: '${{ env "DECK_UPSTREAM_URL" }}'
    routes:
      - {name: open, paths: [/open]}
      - name: guarded
        paths: [/guarded]
        plugins: [{name: header-guard, config: {rules: [{header: X-Tenant}]}}]
`

// running is a container of the image, with what stands around it.
type running struct {
	*container
	url     string // the gateway's
	env     []string
	release chan struct{} // closed, it lets the slow answers of the upstream go
	arrived chan struct{} // a slow request has
}

// runs starts the image as a cautious operator does: nothing but folders in memory is writable.
func (b *built) runs(t *testing.T) *running {
	t.Helper()
	r := &running{release: make(chan struct{}), arrived: make(chan struct{}, 1)}
	upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		if q.URL.Query().Has("slow") {
			r.arrived <- struct{}{}
			<-r.release
		}
	}))
	t.Cleanup(upstream.Close)
	config := filepath.Join(t.TempDir(), "kong.yml")
	render := exec.Command(filepath.Join(b.root, "usr/local/bin/pluginserver"), "render", "-", "--out", config, "--mode", "0644")
	render.Env = []string{"DECK_UPSTREAM_URL=" + upstream.URL}
	render.Stdin = strings.NewReader(configuration)
	if out, err := render.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var ports [3]string
	for i := range ports {
		port, err := freeport.Take()
		if err != nil {
			t.Fatal(err)
		}
		ports[i] = freeport.Address(port)
	}
	r.url = "http://" + ports[0]
	ready := r.url + "/open" // kongsim has no status API
	if b.base.real {
		ready = "http://" + ports[1] + "/status"
	}
	r.env = append(slices.Clone(b.config.Env), "KONG_DATABASE=off", "KONG_DECLARATIVE_CONFIG=/config/kong.yml", "KONG_PREFIX=/var/run/kong",
		"KONG_PROXY_LISTEN="+ports[0], "KONG_STATUS_LISTEN="+ports[1], "KONG_ADMIN_LISTEN=off", "KONG_ADMIN_GUI_LISTEN=off",
		"KONG_ANONYMOUS_REPORTS=off", "KONG_NGINX_WORKER_PROCESSES=2", "TOLLGATE_STATUS="+ports[2], "TOLLGATE_GATEWAY="+ready)
	r.container = b.starts(t, filepath.Dir(config), r.env, append(slices.Clone(b.config.Entrypoint), b.config.Cmd...))
	r.awaitHealth(t)
	return r
}

func (r *running) awaitHealth(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for err := r.health(); err != nil; err = r.health() {
		if ended(r.container) || time.Now().After(deadline) {
			t.Fatalf("no health: %v\nended: %v\n%s", err, ended(r.container), r.words())
		}
	}
}

// starts starts a container.
func (b *built) starts(t *testing.T, config string, env, argv []string) *container {
	t.Helper()
	c, err := start(inside{
		Root: b.root, Argv: argv, Env: env,
		Tmpfs: []string{"/tmp", "/var/run/kong", "/usr/local/kong/tollgate"}, Binds: map[string]string{config: "/config"},
	}, filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Signal(syscall.SIGKILL); <-c.Done() })
	eventually.Holds(t, patience, "the container's first process", func() bool {
		c.init, err = c.first()
		return err == nil || ended(c)
	})
	return c
}

func ended(c *container) bool {
	select {
	case <-c.Done():
		return true
	default:
		return false
	}
}

// words are what the container has written.
func (c *container) words() string {
	data, err := os.ReadFile(c.log)
	return fmt.Sprintf("%s%v", data, err)
}

func (r *running) health() error {
	out, err := r.run(r.env, "/usr/local/bin/pluginserver", "health")
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// get returns the status of an answer, 0 for none.
func (r *running) get(path string) int {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Get(r.url + path)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// server is the process id of the plugin server.
func (r *running) server(t *testing.T) int {
	t.Helper()
	all, err := r.processes()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if strings.HasPrefix(p.argv, "/usr/local/bin/pluginserver serve") {
			return p.pid
		}
	}
	return 0
}
