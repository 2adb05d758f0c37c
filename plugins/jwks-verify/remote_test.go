package jwksverify

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// provider plays an identity provider's jwks_uri, within a test's bubble of time.
type provider struct {
	mu      sync.Mutex
	body    []byte // nil is a connection refused
	hangs   bool
	fetches []time.Time
}

func (p *provider) serve(body []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.body, p.hangs = body, false
}

func (p *provider) hang() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hangs = true
}

func (p *provider) fetched() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.fetches)
}

// fetch takes 20 ms.
func (p *provider) fetch(ctx context.Context) ([]byte, error) {
	p.mu.Lock()
	p.fetches = append(p.fetches, time.Now())
	hangs := p.hangs
	p.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	time.Sleep(20 * time.Millisecond)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.body == nil {
		return nil, errors.New("connection refused")
	}
	return p.body, nil
}

// RoundTrip lets a provider stand in for the network; a hanging one lasts as long as the client lets it.
func (p *provider) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := p.fetch(req.Context())
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Body: readCloser(body), Request: req}, nil
}

func (p *provider) start() *remote {
	return startRemote(p.fetch, slog.New(slog.DiscardHandler), func(error) {})
}

func oneKey(kid string) []byte { return jwks(jwk(kid, p256Key(), nil)) }

func (r *remote) has(kid string) bool {
	set := r.current.Load()
	return set != nil && set.kids[kid]
}

func TestRemoteRetriesUntilTheProviderIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{}
		r := p.start()
		defer r.close()
		time.Sleep(2 * time.Minute)
		if r.current.Load() != nil {
			t.Fatal("there are keys from nowhere")
		}
		p.mu.Lock()
		for i, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
			want *= time.Second
			pause := p.fetches[i+1].Sub(p.fetches[i]) - 20*time.Millisecond
			if pause < want-want/10 || pause > want+want/10 {
				t.Errorf("pause %d is %s, want %s within a tenth", i+1, pause, want)
			}
		}
		p.mu.Unlock()
		p.serve(oneKey("k1"))
		time.Sleep(34 * time.Second)
		if !r.has("k1") {
			t.Error("the provider is up, and there are no keys")
		}
		before := p.fetched()
		time.Sleep(4 * time.Minute)
		if n := p.fetched() - before; n != 0 {
			t.Errorf("%d fetches in the four minutes after the recovery", n)
		}
	})
}

func TestRemoteRefreshes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{body: oneKey("k1")}
		r := p.start()
		defer r.close()
		time.Sleep(time.Second)
		first := r.current.Load()
		time.Sleep(6 * time.Minute)
		if n := p.fetched(); n != 2 {
			t.Errorf("%d fetches in six minutes, want 2", n)
		}
		if r.current.Load() != first {
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

func TestAStormOfUnknownKidsCausesOneFetchInACoolDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{body: oneKey("k1")}
		r := p.start()
		defer r.close()
		time.Sleep(time.Minute)
		before := p.fetched()
		for wave := range 3 {
			start := time.Now()
			var storm sync.WaitGroup
			for range 200 {
				storm.Go(func() { r.renewed(t.Context(), r.current.Load(), time.Now()) })
			}
			storm.Wait()
			if took := time.Since(start); wave > 0 && took != 0 {
				t.Errorf("wave %d waited %s within the cool-down", wave, took)
			}
			time.Sleep(2 * time.Second)
		}
		if n := p.fetched() - before; n != 1 {
			t.Errorf("%d fetches, want 1", n)
		}
		time.Sleep(coolDown)
		p.serve(oneKey("k2"))
		if !r.renewed(t.Context(), r.current.Load(), time.Now()) || !r.has("k2") {
			t.Error("after the cool-down the new key was not fetched")
		}
	})
}

func TestNoRequestWaitsLongerThanMaxWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{body: oneKey("k1")}
		r := p.start()
		defer r.close()
		time.Sleep(time.Minute)
		p.hang()
		for range 3 { // the first asks, the others join
			start := time.Now()
			if r.renewed(t.Context(), r.current.Load(), time.Now()) {
				t.Error("a provider that hangs gave keys")
			}
			if took := time.Since(start); took != maxWait {
				t.Errorf("waited %s, want %s", took, maxWait)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		start := time.Now()
		r.renewed(ctx, r.current.Load(), time.Now())
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
		if !r.renewed(t.Context(), nil, start) || time.Since(start) != 0 {
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

func TestAFetchThatStartsByItselfServesThoseThatAskedForOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &remote{wake: make(chan struct{}, 1)}
		asked := r.join(nil, time.Now())
		r.takeOff() // the pause ended in the same moment
		r.land()
		<-asked
		time.Sleep(coolDown)
		if r.join(nil, time.Now()) == nil { // blocks for ever where the first wake was left
			t.Error("the next request could not ask")
		}
	})
}
