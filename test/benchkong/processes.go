package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"tollgate/test/cputime"
)

// used is the CPU time so far: of the parts, of all that takes part but the load, and of the machine.
type used struct{ kong, plugins, redis, own, machine time.Duration }

func (s *stack) used() (used, error) {
	meter := meter{}
	for _, p := range descendants(s.PID()) {
		if p.name == "nginx" {
			meter.u.kong += meter.of(p.pid)
		} else {
			meter.u.plugins += meter.of(p.pid)
		}
	}
	for _, p := range s.others {
		meter.u.plugins += meter.of(p.PID)
	}
	meter.u.redis = meter.of(s.Redis.PID)
	meter.u.own = meter.u.kong + meter.u.plugins + meter.u.redis + meter.of(s.upstream.PID) + meter.of(os.Getpid())
	machine, err := cputime.Machine()
	meter.u.machine = machine
	if meter.err == nil {
		meter.err = err
	}
	return meter.u, meter.err
}

// meter keeps the first error.
type meter struct {
	u   used
	err error
}

func (m *meter) of(pid int) time.Duration {
	t, err := cputime.Of(pid)
	if err != nil && m.err == nil {
		m.err = err
	}
	return t
}

// process is one below another.
type process struct {
	pid  int
	name string
}

// descendants are the processes below that one, however deep.
func descendants(ancestor int) []process {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil // the pattern is right
	}
	children := map[int][]process{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		var p process
		var parent int
		if p, parent, err = readStat(string(data)); err == nil {
			children[parent] = append(children[parent], p)
		}
	}
	var all []process
	for next := []int{ancestor}; len(next) > 0; next = next[1:] {
		for _, p := range children[next[0]] {
			all, next = append(all, p), append(next, p.pid)
		}
	}
	return all
}

// readStat reads the beginning of proc(5)'s stat: the id, the name in parentheses, the state, the parent's id.
func readStat(text string) (p process, parent int, err error) {
	id, rest, found := strings.Cut(text, " (")
	end := strings.LastIndex(rest, ") ")
	if !found || end < 0 {
		return p, 0, fmt.Errorf("no line of proc's stat: %.80q", text)
	}
	fields := strings.Fields(rest[end+2:])
	if len(fields) < 2 {
		return p, 0, fmt.Errorf("no line of proc's stat: %.80q", text)
	}
	if p.pid, err = strconv.Atoi(id); err != nil {
		return p, 0, err
	}
	p.name = rest[:end]
	parent, err = strconv.Atoi(fields[1])
	return p, parent, err
}
