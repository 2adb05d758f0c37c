package soak

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tollgate/test/eventually"
	"tollgate/test/sandbox"
)

// patience is how long a test waits for what another process does.
const patience = 30 * time.Second

// killAgainAndAgain kills the plugin server, and stops it, by turns.
func (s *soak) killAgainAndAgain(lasts time.Duration) {
	signals := []syscall.Signal{syscall.SIGKILL, syscall.SIGSTOP, syscall.SIGKILL, syscall.SIGTERM}
	for i, until := 0, time.Now().Add(lasts); time.Now().Before(until); i++ {
		victim := s.server()
		_ = syscall.Kill(victim, signals[i%len(signals)])
		eventually.Holds(s.t, patience, "another plugin server", func() bool {
			now := s.findServer()
			return now != 0 && now != victim && s.open()
		})
		time.Sleep(min(s.plan.killEvery, max(0, time.Until(until))))
	}
}

func (s *soak) open() bool {
	response, err := http.Get(s.StatusURL + "/readyz")
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// livesOn lets one server live through trouble of every other kind, and samples what it holds.
func (s *soak) livesOn(lasts time.Duration) []sample {
	victim := s.server()
	began := time.Now()
	sampler, trouble := time.NewTicker(s.plan.sampleEvery), time.NewTicker(s.plan.troubleEvery)
	defer sampler.Stop()
	defer trouble.Stop()
	troubles, n := s.troubles(), 0
	var samples []sample
	for time.Since(began) < lasts {
		select {
		case <-trouble.C:
			if err := troubles[n%len(troubles)](); err != nil {
				s.faults = append(s.faults, err.Error())
			}
			n++
		case <-sampler.C:
			one, err := s.sample(began)
			if err != nil {
				s.faults = append(s.faults, err.Error())
				continue
			}
			samples = append(samples, one)
		}
	}
	if s.server() != victim {
		s.faults = append(s.faults, "the plugin server did not live to the end")
	}
	return samples
}

// troubles are what happens by turns while a server lives.
func (s *soak) troubles() []func() error {
	const moment = 300 * time.Millisecond
	variant := 5
	return []func() error{
		func() error { variant = 11 - variant; return s.reload(config(variant)) }, // 5, 6, 5, …
		func() error { s.Issuer.Down(true); time.Sleep(moment); s.Issuer.Down(false); return nil },
		func() error { return s.reload(config(variant)) }, // nothing changes
		func() error {
			if s.redis == nil {
				return nil
			}
			return s.redis.restart(moment)
		},
		func() error { _, err := s.Issuer.Rotate(); return err },
	}
}

// reload gives a real Kong its configuration as decK does without a database. A SIGHUP would do too, but has it start
// new workers, which start instances of their own, and the old ones close none of theirs: they stay for a day.
func (s *soak) reload(source []byte) error {
	if s.gateway != sandbox.Kong {
		return s.Reload(source)
	}
	rendered, err := s.Render(source)
	if err != nil {
		return err
	}
	response, err := http.PostForm(s.AdminURL+"/config", url.Values{"config": {string(rendered)}})
	if err != nil {
		return fmt.Errorf("reloading: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		return fmt.Errorf("reloading: status %d", response.StatusCode)
	}
	return nil
}

// server is the plugin server's process id.
func (s *soak) server() int {
	pid := 0
	eventually.Holds(s.t, patience, "a plugin server", func() bool { pid = s.findServer(); return pid != 0 })
	return pid
}

// findServer is 0 where there is none.
func (s *soak) findServer() int {
	lists, _ := filepath.Glob("/proc/" + strconv.Itoa(s.PID()) + "/task/*/children")
	for _, list := range lists {
		children, err := os.ReadFile(list)
		if err != nil {
			continue
		}
		for _, pid := range strings.Fields(string(children)) {
			line, err := os.ReadFile("/proc/" + pid + "/cmdline")
			if err == nil && strings.Contains(string(line), "\x00serve\x00") {
				n, _ := strconv.Atoi(pid)
				return n
			}
		}
	}
	return 0
}

func portOf(t *testing.T, addr string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(addr)
	port, numberErr := strconv.Atoi(text)
	if err := errors.Join(err, numberErr); err != nil {
		t.Fatal(err)
	}
	return port
}
