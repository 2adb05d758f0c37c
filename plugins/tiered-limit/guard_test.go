package tieredlimit

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// switchStore answers, fails or hangs, as a test sets it.
type switchStore struct {
	fail, hang bool
	calls      int
}

func (s *switchStore) Take(ctx context.Context, _ string, _ Limits, _ int64) (Outcome, error) {
	s.calls++
	if s.hang {
		<-ctx.Done()
		return Outcome{}, ctx.Err()
	}
	if s.fail {
		return Outcome{}, errors.New("connection refused")
	}
	return Outcome{Admitted: 1}, nil
}

const patience = 50 * ms

// guarded returns a guard around s, and its log.
func guarded(s Store) (*guard, *bytes.Buffer) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil)).With("address", "redis:6379")
	return newGuard(s, patience, newMetrics(nil), logger), &log
}

// ask makes one request and returns how long it waited.
func ask(t *testing.T, g *guard) (time.Duration, error) {
	t.Helper()
	start := time.Now()
	_, err := g.Take(t.Context(), "consumer:1", Limits{TPS: 1}, 1)
	return time.Since(start), err
}

func TestAHungStoreCostsAFewTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &switchStore{hang: true}
		g, _ := guarded(s)
		for i := range tripAfter {
			if waited, err := ask(t, g); waited != patience || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("request %d waited %v for %v, want the timeout", i+1, waited, err)
			}
		}
		for range 100 {
			if waited, err := ask(t, g); waited != 0 || err == nil {
				t.Fatalf("with the breaker open a request waited %v for %v", waited, err)
			}
		}
		time.Sleep(probeEvery + ms)
		if waited, _ := ask(t, g); waited != patience {
			t.Errorf("the probe waited %v, want %v", waited, patience)
		}
		if waited, _ := ask(t, g); waited != 0 {
			t.Errorf("after a failed probe a request waited %v", waited)
		}
		if s.calls != tripAfter+1 {
			t.Errorf("the store was asked %d times, want %d", s.calls, tripAfter+1)
		}
	})
}

func TestAStoreIsAskedAgainOnceAProbeSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &switchStore{fail: true}
		g, _ := guarded(s)
		for range tripAfter {
			_, _ = ask(t, g)
		}
		s.fail = false
		if _, err := ask(t, g); err == nil {
			t.Error("the breaker did not open")
		}
		time.Sleep(probeEvery + ms)
		for i := range 3 {
			if _, err := ask(t, g); err != nil {
				t.Errorf("request %d after recovery: %v", i+1, err)
			}
		}
	})
}

func TestChangesOfTheStoreAreLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &switchStore{fail: true}
		g, log := guarded(s)
		_, _ = ask(t, g)
		wantLog(t, log, "a store that never answered", 1, 0)
		for range 100 {
			_, _ = ask(t, g)
			time.Sleep(100 * ms)
		}
		wantLog(t, log, "ten seconds without the store", 1, 0)
		s.fail = false
		for range 20 {
			_, _ = ask(t, g)
			time.Sleep(100 * ms)
		}
		wantLog(t, log, "recovered", 1, 1)
		s.fail = true
		_, _ = ask(t, g)
		wantLog(t, log, "a single failure", 1, 1)
		for range 2 * tripAfter {
			_, _ = ask(t, g)
		}
		wantLog(t, log, "failures in a row", 2, 1)
		if text := log.String(); !strings.Contains(text, "address=redis:6379") || !strings.Contains(text, "connection refused") {
			t.Errorf("the log lacks the address or the cause: %s", text)
		}
	})
}

func wantLog(t *testing.T, log *bytes.Buffer, when string, down, up int) {
	t.Helper()
	if got := strings.Count(log.String(), "level=WARN"); got != down {
		t.Errorf("%s: %d warnings, want %d", when, got, down)
	}
	if got := strings.Count(log.String(), "redis answers again"); got != up {
		t.Errorf("%s: %d recoveries, want %d", when, got, up)
	}
}

func TestARequestGivenUpByTheServerIsNoFailure(t *testing.T) {
	g, log := guarded(storeFunc(func(ctx context.Context, _ string, _ Limits, _ int64) (Outcome, error) { return Outcome{}, ctx.Err() }))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 * tripAfter {
		if _, err := g.Take(ctx, "consumer:1", Limits{TPS: 1}, 1); !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v, want the cancellation", err)
		}
	}
	if log.Len() > 0 {
		t.Errorf("logged %s", log)
	}
}
