package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tollgate/test/sandbox"
)

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// children are the processes below one, by process id, with their command lines.
func children(t *testing.T, parent int) map[int]string {
	t.Helper()
	found := map[int]string{}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(stats) == 0 {
		t.Fatalf("/proc: %v", err)
	}
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended meanwhile
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest)
		if len(fields) < 2 || fields[1] != strconv.Itoa(parent) {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		found[pid] = strings.TrimRight(strings.ReplaceAll(string(line), "\x00", " "), " ")
	}
	return found
}

// descendants are the processes below one, at any depth.
func descendants(t *testing.T, parent int) map[int]string {
	t.Helper()
	found := map[int]string{}
	for pid, line := range children(t, parent) {
		found[pid] = line
		for below, line := range descendants(t, pid) {
			found[below] = line
		}
	}
	return found
}

// serverPID is the plugin server's.
func serverPID(t *testing.T, s *sandbox.Sandbox) int {
	t.Helper()
	for pid, line := range children(t, s.PID()) {
		if strings.Contains(line, " serve ") {
			return pid
		}
	}
	t.Fatalf("no plugin server is below %d: %v", s.PID(), children(t, s.PID()))
	return 0
}

// alive tells whether a process exists and is no zombie.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, os.ErrNotExist) {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}

// noted is the time at which the run log first says something after a time; zero for never.
func noted(t *testing.T, s *sandbox.Sandbox, message string, after time.Time) time.Time {
	t.Helper()
	for line := range strings.Lines(readFile(t, s.RunLog())) {
		var entry struct {
			Time time.Time
			Msg  string
		}
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == message && entry.Time.After(after) {
			return entry.Time
		}
	}
	return time.Time{}
}
