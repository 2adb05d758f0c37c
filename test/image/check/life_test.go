package check

import (
	"encoding/json"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"tollgate/test/eventually"
)

func (b *built) servesHealsAndDrains(t *testing.T) {
	r := b.runs(t)
	all, err := r.processes()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.uid != uid {
			t.Errorf("%q runs as %d, not as kong", p.argv, p.uid)
		}
	}
	if len(all) < 3 || !slices.ContainsFunc(all, func(p process) bool {
		return p.pid == r.init && strings.HasPrefix(p.argv, "/usr/local/bin/pluginserver run -- kong")
	}) {
		t.Errorf("the first process is not pluginserver run: %+v", all)
	}
	if got := [3]int{r.get("/open"), r.get("/guarded"), r.get("/elsewhere")}; got != [3]int{200, 400, 404} {
		t.Errorf("answers %v", got)
	}
	r.heals(t)
	r.drains(t)
}

// heals stops the plugin server: the container is not healthy, then heals itself.
func (r *running) heals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGKILL} {
		before, began := r.server(t), time.Now()
		if err := syscall.Kill(before, sig); err != nil {
			t.Fatal(err)
		}
		if sig == syscall.SIGSTOP && r.health() == nil {
			t.Error("healthy while the plugin server is stopped")
		}
		eventually.Holds(t, patience, "another plugin server after "+sig.String(), func() bool {
			now := r.server(t)
			return now != 0 && now != before && r.health() == nil
		})
		t.Logf("healthy %s after %s", time.Since(began).Round(time.Millisecond), sig)
		if status := r.get("/guarded"); status != http.StatusBadRequest {
			t.Errorf("status %d after %s", status, sig)
		}
	}
}

// drains stops the container as Docker does, while a request is under way.
func (r *running) drains(t *testing.T) {
	slow := make(chan int, 1)
	go func() { slow <- r.get("/open?slow") }()
	<-r.arrived
	if err := syscall.Kill(r.init, syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	address := strings.TrimPrefix(r.url, "http://")
	eventually.Holds(t, patience, "no new connection to be taken", func() bool {
		c, err := net.Dial("tcp", address)
		return err != nil || c.Close() != nil
	})
	close(r.release)
	if status := <-slow; status != http.StatusOK {
		t.Errorf("the request that was under way got %d", status)
	}
	<-r.Done()
	if code := r.Code(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, r.words())
	}
	first, _, _ := strings.Cut(r.words(), "\n")
	var line struct{ Msg string }
	if err := json.Unmarshal([]byte(first), &line); err != nil {
		t.Errorf("the log begins with %q", first)
	}
	if pattern := regexp.MustCompile(`"msg":"starting","version":"` + version + `"`); !pattern.MatchString(r.words()) {
		t.Errorf("the log does not name the version:\n%s", r.words())
	}
}

func (b *built) endsWithTheGatewaysCode(t *testing.T) {
	r := b.runs(t)
	all, err := r.processes()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if strings.HasPrefix(p.argv, "nginx: master") || p.argv == "kong docker-start" {
			_ = syscall.Kill(p.pid, syscall.SIGKILL)
		}
	}
	<-r.Done()
	if code := r.Code(); code != 137 {
		t.Errorf("exit code %d, want 137:\n%s", code, r.words())
	}
}

// runsAnotherCommand: in place of the gateway, as `docker run IMAGE COMMAND`.
func (b *built) runsAnotherCommand(t *testing.T) {
	argv := append(slices.Clone(b.config.Entrypoint), "/usr/local/bin/pluginserver", "dump", "no-such-plugin")
	c := b.starts(t, t.TempDir(), b.config.Env, argv)
	<-c.Done()
	if code := c.Code(); code != 1 || !strings.Contains(c.words(), `unknown plugin "no-such-plugin"`) {
		t.Errorf("exit code %d:\n%s", code, c.words())
	}
}
