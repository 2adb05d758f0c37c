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
func attack(r *remote, connections int, kid func(i, n int) string) (stop func()) {
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
func waitsAtMost(r *remote, set *keySet, kid string) {
	start := time.Now()
	r.renewed(context.Background(), set, kid, testWait)
	if took := time.Since(start); took > testWait {
		panic(fmt.Sprintf("a request waited %s", took))
	}
}

// kidsOf are the ways to choose unknown kids.
func kidsOf() map[string]func(i, n int) string {
	return map[string]func(i, n int) string{
		"always new kids":           func(i, n int) string { return fmt.Sprintf("%d-%d", i, n) },
		"the same kid":              func(int, int) string { return "x" },
		"a few kids":                func(i, n int) string { return fmt.Sprint((i + n) % 50) },
		"the kid that is to come":   func(int, int) string { return "k2" },
		"new ones and that to come": func(i, n int) string { return []string{"k2", fmt.Sprint(i, n)}[n%2] },
	}
}

func TestAStorm(t *testing.T) {
	for name, kid := range kidsOf() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &provider{body: oneKey("k1")}
				r := p.start()
				defer r.close()
				time.Sleep(time.Minute)
				before := p.fetched()
				stop := attack(r, 200, kid) // 200 connections
				for range 1000 {            // good traffic for ten seconds
					start := time.Now()
					if keys, _ := r.keys(start).candidates("ES256", "k1"); len(keys) != 1 || time.Since(start) != 0 {
						t.Fatalf("good traffic found %d keys and waited %s", len(keys), time.Since(start))
					}
					time.Sleep(10 * time.Millisecond)
				}
				stop()
				if n := p.fetched() - before; n < 2 || n > 3 {
					t.Errorf("%d fetches in ten seconds, want one for each %s", n, coolDown)
				}
			})
		})
	}
}

// TestARotationDuringAStorm rotates at several points of a cool-down of an attack, and has the first request
// with the new kid come at any time after it.
func TestARotationDuringAStorm(t *testing.T) {
	for name, kid := range kidsOf() {
		for _, tenth := range []int{0, 3, 6, 9} {
			t.Run(fmt.Sprintf("%s, rotation at %d/10", name, tenth), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := &provider{body: oneKey("k1")}
					r := p.start()
					defer r.close()
					time.Sleep(time.Minute)
					stop := attack(r, 5, kid)
					defer stop()
					time.Sleep(2*coolDown + time.Duration(tenth)*coolDown/10)
					p.serve(jwks(jwk("k1", p256Key(), nil), jwk("k2", p256Key(), nil)))
					time.Sleep(time.Duration(tenth) * 77 * time.Millisecond)
					start := time.Now()
					for !r.has("k2") {
						waitsAtMost(r, r.keys(time.Now()), "k2")
						time.Sleep(5 * time.Millisecond)
					}
					if took := time.Since(start); took > coolDown+50*time.Millisecond {
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
