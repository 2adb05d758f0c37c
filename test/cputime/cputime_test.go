package cputime

import (
	"os"
	"testing"
	"time"
)

// A process that works for a while is seen to, and so is the machine that it works on.
func TestWorkIsSeen(t *testing.T) {
	own, machine := read(t)
	for x, end := 1.0, own+50*time.Millisecond; own < end; own, _ = read(t) {
		for range 1_000_000 {
			x *= 1.0000001
		}
	}
	if _, now := read(t); now <= machine {
		t.Errorf("the machine was busy for %v, then for %v", machine, now)
	}
}

func read(t *testing.T) (own, machine time.Duration) {
	t.Helper()
	own, err := Of(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if machine, err = Machine(); err != nil {
		t.Fatal(err)
	}
	return own, machine
}

func TestAProcessThatHasEndedIsAnError(t *testing.T) {
	const beyondAll = 1 << 30 // pid_max is at most 2^22
	if used, err := Of(beyondAll); err == nil {
		t.Errorf("it has used %v", used)
	}
}

func TestTooFewFieldsAreAnError(t *testing.T) {
	for name, fields := range map[string][]string{"none": nil, "a word": {"1", "x"}} {
		t.Run(name, func(t *testing.T) {
			if total, err := sum(fields, 0, 1); err == nil {
				t.Errorf("sum: %v", total)
			}
		})
	}
}
