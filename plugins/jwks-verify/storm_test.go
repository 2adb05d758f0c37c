package jwksverify

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// attack is a number of connections that bring an unknown kid every 50 ms, the n-th request of the i-th
// the kid that kid names, until stop is called.
func attack(r rented, connections int, kid func(i, n int) string) (stop func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	for i := range connections {
		running.Go(func() {
			for n := 0; ; n++ {
				start := time.Now()
				set := r.keys(start)
				if _, known := set.candidates("ES256", kid(i, n)); !known {
					waitsAtMost(r, set, kid(i, n))
				}
				select {
				case <-done:
					return
				case <-time.After(50 * time.Millisecond):
				}
			}
		})
	}
	return func() { close(done); running.Wait() }
}

// waitsAtMost panics where a request waits longer than it may: the test cannot be told from here.
func waitsAtMost(r rented, set *keySet, kid string) {
	start := time.Now()
	r.lease.renewed(context.Background(), set, kid, r.lease.until())
	if took := time.Since(start); took > testWait {
		panic(fmt.Sprintf("a request waited %s", took))
	}
}

// guess is a way to choose unknown kids.
type guess struct {
	kid func(i, n int) string
	// least and most are the fetches that it causes in ten seconds.
	least, most int
	// found is the time within which k2 is in use after its publication.
	found time.Duration
	// foretold tells that it brings k2 before that is published, and so has it remembered as absent.
	foretold bool
}

func guesses() map[string]guess {
	const soon = coolDown + 50*time.Millisecond
	return map[string]guess{
		"always new kids":           {func(i, n int) string { return fmt.Sprintf("%d-%d", i, n) }, 2, 3, soon, false},
		"the same kid":              {func(int, int) string { return "x" }, 1, 1, soon, false},
		"a few kids":                {func(i, n int) string { return fmt.Sprint((i + n) % 50) }, 1, 2, soon, false},
		"the kid that is to come":   {func(int, int) string { return "k2" }, 1, 1, unknownFor + 50*time.Millisecond, true},
		"new ones and that to come": {func(i, n int) string { return []string{"k2", fmt.Sprint(i, n)}[n%2] }, 2, 3, soon, true},
	}
}

// TestAStorm shows what each way to guess comes to, and that no request waits longer than it may, by a clock
// that no other process delays; the suite of the whole has a storm on real connections.
func TestAStorm(t *testing.T) {
	for name, row := range guesses() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &provider{body: oneKey("k1")}
				r := p.start()
				defer r.close()
				time.Sleep(time.Second)
				before := p.fetched()
				stop := attack(r, 200, row.kid) // 200 connections
				for range 1000 {                // good traffic for ten seconds
					start := time.Now()
					if keys, _ := r.keys(start).candidates("ES256", "k1"); len(keys) != 1 || time.Since(start) != 0 {
						t.Fatalf("good traffic found %d keys and waited %s", len(keys), time.Since(start))
					}
					time.Sleep(10 * time.Millisecond)
				}
				stop()
				if n := p.fetched() - before; n < row.least || n > row.most {
					t.Errorf("%d fetches in ten seconds, want %d to %d", n, row.least, row.most)
				}
			})
		})
	}
}

// TestAnHourOfOneUnknownKid is a client that does not notice that its key was withdrawn.
func TestAnHourOfOneUnknownKid(t *testing.T) {
	for _, wait := range []time.Duration{testWait, 0} {
		t.Run(fmt.Sprintf("waiting %s", wait), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &provider{body: oneKey("k1")}
				r := p.start()
				defer r.close()
				r.lease.wait = wait
				time.Sleep(time.Minute)
				before := p.fetched()
				for range 3600 {
					r.ask(t, "withdrawn")
					time.Sleep(time.Second)
				}
				const regular = 15 // every five minutes, or up to a fifth sooner
				most := int(time.Hour/unknownFor) + regular
				if n := p.fetched() - before; n > most {
					t.Errorf("%d fetches in an hour, want %d at most", n, most)
				}
				p.serve(jwks(jwk("k1", p256Key(), nil), jwk("withdrawn", p256Key(), nil)))
				start := time.Now()
				for !r.has("withdrawn") {
					r.ask(t, "withdrawn")
					time.Sleep(50 * time.Millisecond)
				}
				if took := time.Since(start); took > unknownFor+time.Second {
					t.Errorf("a key that was published under it was found after %s", took)
				}
			})
		})
	}
}

// TestARotationDuringAStorm rotates at several points of a cool-down of an attack, and has the first request
// with the new kid come at any time after it.
func TestARotationDuringAStorm(t *testing.T) {
	for name, row := range guesses() {
		for _, tenth := range []int{0, 3, 6, 9} {
			t.Run(fmt.Sprintf("%s, rotation at %d/10", name, tenth), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := &provider{body: oneKey("k1")}
					r := p.start()
					defer r.close()
					time.Sleep(time.Second)
					stop := attack(r, 5, row.kid)
					defer stop()
					time.Sleep(2*coolDown + time.Duration(tenth)*coolDown/10)
					p.serve(jwks(jwk("k1", p256Key(), nil), jwk("k2", p256Key(), nil)))
					time.Sleep(time.Duration(tenth) * 77 * time.Millisecond)
					start := time.Now()
					for !r.has("k2") {
						waitsAtMost(r, r.keys(time.Now()), "k2")
						if now := time.Now(); !row.foretold && !r.has("k2") && r.lease.search("k2", now) != searchPending {
							t.Fatalf("a good token is refused for good %s after the rotation", now.Sub(start))
						}
						time.Sleep(5 * time.Millisecond)
					}
					if took := time.Since(start); took > row.found {
						t.Errorf("the new key was found after %s", took)
					}
				})
			})
		}
	}
}

func TestARotationInQuietTimesIsSeenByTheRequestThatBringsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{body: oneKey("k1")}
		r := p.start()
		defer r.close()
		time.Sleep(time.Second)
		for i := range 3 {
			kid := fmt.Sprint("new-", i)
			p.serve(oneKey(kid))
			before, start := p.fetched(), time.Now()
			var arriving sync.WaitGroup
			for range 200 {
				arriving.Go(func() {
					if !r.ask(t, kid) || !r.has(kid) {
						t.Error("a request with the new kid was refused")
					}
				})
			}
			arriving.Wait()
			if took := time.Since(start); took > 100*time.Millisecond {
				t.Errorf("it took %s", took)
			}
			time.Sleep(2 * coolDown)
			if n := p.fetched() - before; n != 1 {
				t.Errorf("%d fetches for one rotation", n)
			}
			if n := r.demand.waiting; n != 0 {
				t.Errorf("%d requests are thought to wait", n)
			}
		}
	})
}

// BenchmarkKnownKid shows what good traffic pays while 200 others bring unknown kids.
func BenchmarkKnownKid(b *testing.B) {
	for _, attackers := range []int{0, 200} {
		b.Run(fmt.Sprintf("beside %d with unknown kids", attackers), func(b *testing.B) {
			p := &provider{body: oneKey("k1")}
			r := p.start()
			defer r.close()
			for r.keys(time.Now()) == nil {
				time.Sleep(time.Millisecond)
			}
			defer attack(r, attackers, func(i, n int) string { return fmt.Sprint(i, n) })()
			b.ReportAllocs()
			for b.Loop() {
				if keys, _ := r.keys(time.Now()).candidates("ES256", "k1"); len(keys) != 1 {
					b.Fatal("the key is gone")
				}
			}
		})
	}
}
