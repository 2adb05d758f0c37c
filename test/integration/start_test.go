package integration

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tollgate/test/sandbox"
	"tollgate/test/sandbox/tour"
)

func TestAStartThatFailsLeavesNothingBehind(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	before := len(children(t, os.Getpid()))
	bad := strings.Replace(string(suiteConfig), "name: plain", "name: plain\n    prot: x", 1)
	_, err := sandbox.Start(t.Context(), sandbox.Options{Gateway: shared.gateway, Binaries: shared.binaries, Config: []byte(bad)})
	// The parent ends with the gateway's code, and the error holds the gateway's own words.
	if err == nil || !strings.Contains(err.Error(), "ended with code 1") || !strings.Contains(err.Error(), "prot") {
		t.Errorf("error: %v", err)
	}
	nothingIsLeft(t, before)
}

func TestAStartThatIsInterruptedLeavesNothingBehind(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	before := len(children(t, os.Getpid()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := sandbox.Start(ctx, sandbox.Options{Gateway: shared.gateway, Binaries: shared.binaries, Config: suiteConfig})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error: %v", err)
	}
	nothingIsLeft(t, before)
}

func nothingIsLeft(t *testing.T, before int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(os.TempDir(), "tollgate-*"))
	if err != nil || len(files) > 0 {
		t.Errorf("files: %v, %v", files, err)
	}
	if now := children(t, os.Getpid()); len(now) > before {
		t.Errorf("processes: %v", now)
	}
}

// TestTheTour walks through the repository's own configuration, which the rest of the suite does not use.
func TestTheTour(t *testing.T) {
	if err := tour.Run(t.Context(), shared.gateway); err != nil {
		t.Error(err)
	}
}
