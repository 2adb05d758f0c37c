package tool

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAProgramIsFound(t *testing.T) {
	want := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(want, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Dir(want))
	if got := Need(t, "program"); got != want {
		t.Errorf("found %s, want %s", got, want)
	}
}

func TestAMissingProgramSkipsUnlessItIsRequired(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for required, want := range map[string]recorder{"": {skipped: true}, "1": {failed: true}} {
		t.Setenv(RequireEnv, required)
		got := record(t)
		if got.failed != want.failed || got.skipped != want.skipped {
			t.Errorf("%s=%s: failed %v, skipped %v", RequireEnv, required, got.failed, got.skipped)
		}
	}
}

// recorder is a test that notes how it was ended.
type recorder struct {
	testing.TB
	failed, skipped bool
}

func (r *recorder) Fatal(...any) { r.failed = true; panic(r) }
func (r *recorder) Skip(...any)  { r.skipped = true; panic(r) }

func record(t *testing.T) (r *recorder) {
	t.Helper()
	r = &recorder{TB: t}
	defer func() {
		if recover() != any(r) {
			t.Error("Need did not end the test")
		}
	}()
	Need(r, "program")
	return r
}
