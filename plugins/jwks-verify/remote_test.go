package jwksverify

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestRemoteRetriesUntilTheProviderIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{}
		r := p.start()
		defer r.close()
		time.Sleep(2 * time.Minute)
		if r.keys(time.Now()) != nil {
			t.Fatal("there are keys from nowhere")
		}
		p.mu.Lock()
		for i, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
			want *= time.Second
			pause := p.fetches[i+1].Sub(p.fetches[i]) - 20*time.Millisecond
			if pause < want-want/5 || pause > want {
				t.Errorf("pause %d is %s, want %s, or up to a fifth less", i+1, pause, want)
			}
		}
		p.mu.Unlock()
		p.serve(oneKey("k1"))
		time.Sleep(34 * time.Second)
		if !r.has("k1") {
			t.Error("the provider is up, and there are no keys")
		}
		before := p.fetched()
		time.Sleep(3 * time.Minute)
		if n := p.fetched() - before; n != 0 {
			t.Errorf("%d fetches in the three minutes after the recovery", n)
		}
	})
}

func TestRemoteRefreshes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{body: oneKey("k1")}
		r := p.start()
		defer r.close()
		time.Sleep(time.Second)
		first := r.keys(time.Now())
		time.Sleep(6 * time.Minute)
		if n := p.fetched(); n != 2 {
			t.Errorf("%d fetches in six minutes, want 2", n)
		}
		if r.keys(time.Now()) != first {
			t.Error("the same answer made another set")
		}
		p.serve(oneKey("k2"))
		time.Sleep(6 * time.Minute)
		if r.has("k1") || !r.has("k2") {
			t.Error("a key that was withdrawn is still in use, or the new one is not")
		}
	})
}

func TestRemoteKeepsAGoodSet(t *testing.T) {
	for name, body := range map[string]string{
		"when the provider is down":               "",
		"when the answer is HTML":                 "<html></html>",
		"when the answer has no keys":             `{"keys":[]}`,
		"when the answer is JSON without keys":    `{}`,
		"when no key of the answer can be used":   `{"keys":[{"kty":"oct","kid":"k1","k":"AA"}]}`,
		"when the answer is half of a set":        string(oneKey("k2"))[:60],
		"when the answer has more than we accept": `{"keys":[` + string(make([]byte, 10)) + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &provider{body: oneKey("k1")}
				r := p.start()
				defer r.close()
				time.Sleep(time.Second)
				p.serve([]byte(body))
				time.Sleep(time.Hour)
				if !r.has("k1") {
					t.Error("the good set is gone")
				}
				p.serve(oneKey("k2"))
				time.Sleep(time.Minute)
				if !r.has("k2") {
					t.Error("the provider is right again, and its new key is not in use within a minute")
				}
			})
		})
	}
}

func TestNoRequestWaitsLongerThanItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{body: oneKey("k1")}
		r := p.start()
		defer r.close()
		time.Sleep(time.Minute)
		p.hang()
		for range 3 { // the first asks, the others join
			start := time.Now()
			if r.ask(t, "k2") {
				t.Error("a provider that hangs gave keys")
			}
			if took := time.Since(start); took != testWait {
				t.Errorf("waited %s, want %s", took, testWait)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		start := time.Now()
		r.lease.renewed(ctx, r.keys(time.Now()), "k2", r.lease.until())
		if took := time.Since(start); took != 10*time.Millisecond {
			t.Errorf("waited %s beyond the end of the context", took)
		}
	})
}

func TestARequestThatSawAnOlderSetDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{body: oneKey("k1")}
		r := p.start()
		defer r.close()
		time.Sleep(time.Second)
		start := time.Now()
		if !r.lease.renewed(t.Context(), nil, "k2", r.lease.until()) || time.Since(start) != 0 {
			t.Error("the newer set was there already")
		}
		if p.fetched() != 1 {
			t.Error("a fetch was asked for in vain")
		}
	})
}

func TestCloseEndsAFetchThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{hangs: true}
		r := p.start()
		time.Sleep(time.Second)
		start := time.Now()
		r.close()
		if took := time.Since(start); took != 0 {
			t.Errorf("close took %s", took)
		}
	})
}

func TestRemoteHonoursAnAnswersLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{body: oneKey("k1"), lifetime: 2 * time.Minute}
		r := p.start()
		defer r.close()
		time.Sleep(20*time.Minute + time.Second)
		if n := p.fetched(); n < 10 || n > 13 {
			t.Errorf("%d fetches in twenty minutes of answers for two each", n)
		}
	})
}

func TestKeysServeUntilTheyAreTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{body: oneKey("k1")}
		r := p.start()
		defer r.close()
		time.Sleep(time.Second)
		fetched := r.held.Load().at
		keys := p.body
		p.serve(nil)
		time.Sleep(24*time.Hour - time.Second)
		age := r.age(time.Now())
		if !r.has("k1") || age < 23*time.Hour {
			t.Fatalf("keys of %s are not in use", age)
		}
		time.Sleep(time.Until(fetched.Add(24*time.Hour + 5*time.Minute)))
		if r.keys(time.Now()) != nil {
			t.Fatal("keys that are too old are in use")
		}
		p.serve(keys)
		time.Sleep(lastRetry + time.Second)
		if !r.has("k1") {
			t.Error("the same keys, fetched again, are not in use")
		}
	})
}

func TestKeysThatAreTooOldAreFetchedByTheFirstRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{body: oneKey("k1")}
		r := p.start()
		defer r.close()
		time.Sleep(time.Second)
		keys := p.body
		p.serve(nil)
		time.Sleep(25 * time.Hour)
		p.serve(keys)
		start := time.Now()
		if !r.ask(t, "k1") || !r.has("k1") {
			t.Error("the request did not bring the keys back")
		}
		if took := time.Since(start); took > 100*time.Millisecond {
			t.Errorf("it took %s", took)
		}
	})
}

func TestARequestWhileTheProviderIsDownTriesSoonerThanTheBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{}
		r := p.start()
		defer r.close()
		time.Sleep(10 * time.Minute)
		p.serve(oneKey("k1"))
		start := time.Now()
		for !r.has("k1") {
			r.ask(t, "k1")
			time.Sleep(10 * time.Millisecond)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("recovery took %s", took)
		}
	})
}

func TestRemotesThatStartTogetherDoNotFetchTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{body: oneKey("k1")}
		for range 10 {
			r := p.start()
			defer r.close()
		}
		time.Sleep(6 * time.Minute)
		p.mu.Lock()
		defer p.mu.Unlock()
		seen := map[time.Time]bool{}
		for _, fetched := range p.fetches {
			seen[fetched] = true
		}
		if len(seen) < 9 {
			t.Errorf("%d fetches at %d times", len(p.fetches), len(seen))
		}
	})
}
