package chaos

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tollgate/test/redisproc"
	"tollgate/test/redistest"
	"tollgate/test/tool"
)

// clockStepped has Redis' clock go on by a minute and a half, and back.
func clockStepped(t *testing.T, _ int, _ scale) stage {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ahead")
	set := func(ahead string) {
		// Redis reads it at any time: it must find all of it.
		whole := file + ".new"
		if err := os.WriteFile(whole, []byte(ahead+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(whole, file); err != nil {
			t.Fatal(err)
		}
	}
	set("+0")
	s := on(t, redistest.StartWith(t, redisproc.Options{Env: []string{
		// With libc in front of jemalloc, Redis' own: the two wait for each other.
		"LD_PRELOAD=" + fakeClock(t) + " libc.so.6",
		"FAKETIME_TIMESTAMP_FILE=" + file, "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1",
	}}).Addr)
	s.begin = func() { set("+90") }
	s.end = func() { set("+0") }
	return s
}

// fakeClock is the library that faketime puts in front of a program's own.
func fakeClock(t *testing.T) string {
	t.Helper()
	said, err := exec.CommandContext(t.Context(), tool.Need(t, "faketime"), "-f", "+0", "sh", "-c", `echo "$LD_PRELOAD"`).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(said))
}
