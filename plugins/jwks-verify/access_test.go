package jwksverify

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus"

	"tollgate/internal/kongtest"
	"tollgate/internal/plugin"
)

func readCloser(body []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(body)) }

// world is a plugin, its identity provider and its metrics, in a bubble where it is testNow.
type world struct {
	*provider
	plugin   plugin.Plugin
	registry *prometheus.Registry
}

// inWorld runs a test in a bubble of time; the provider has rsaKey under k1.
func inWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(jwk("k1", rsaKey(), nil))
		defer w.plugin.Close()
		test(t, w)
	})
}

// newWorld begins at testNow, with one key. Whoever makes it closes its plugin.
func newWorld(key members) *world {
	start := time.Now()
	w := &world{provider: &provider{body: jwks(key)}, registry: prometheus.NewRegistry()}
	w.plugin = newPlugin(plugin.Deps{
		Log:     slog.New(slog.DiscardHandler),
		Metrics: w.registry,
		Now:     func() time.Time { return testNow.Add(time.Since(start)) },
	}, w)
	return w
}

// build makes a handler; more replaces members of the smallest configuration.
func (w *world) build(t testing.TB, more members) plugin.Handler {
	t.Helper()
	config := without(members{"issuers": []members{{
		"issuer": testIssuer, "jwks_uri": "https://auth.example.test/as/jwks", "audiences": []string{testAudience},
	}}}, more)
	h, err := w.plugin.Build(mustJSON(config))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

// counted is what the series of a metric add up to whose first label has a value.
func (w *world) counted(t *testing.T, name, label string) float64 {
	t.Helper()
	families, err := w.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == name && m.GetLabel()[0].GetValue() == label {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	return sum
}

var testConsumer = kongtest.Consumer{
	ID: "11111111-1111-4111-8111-111111111111", Username: testClient, CustomID: "c-1", Tags: []string{"tier:gold"},
}

// request is Kong with a token in the request, and one consumer.
func request(token string, more map[string][]string) *kongtest.Kong {
	headers := map[string][]string{"host": {"api"}, "authorization": {"Bearer " + token}}
	for name, values := range more {
		headers[name] = values
	}
	return &kongtest.Kong{Headers: headers, Consumers: []kongtest.Consumer{testConsumer}}
}

func TestAHeaderThatIsNotUTF8DoesNotSpoilAGoodToken(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		out := request(goodToken(), map[string][]string{"user-agent": {"caf\xe9"}}).Run(t, w.build(t, nil))
		if out.Exit != nil {
			t.Errorf("answered %d", out.Exit.Status)
		}
	})
}

func TestRefusals(t *testing.T) {
	const invalid = `Bearer realm="kong", error="invalid_token", error_description="The access token is not valid here."`
	const badRequest = `Bearer realm="kong", error="invalid_request", error_description="The request must hold one bearer token, in one header."`
	const badHeaders = `Bearer realm="kong", error="invalid_request", error_description="The request's headers cannot be passed on."`
	tooMany := make([]string, 998)
	for name, row := range map[string]struct {
		kong      *kongtest.Kong
		status    int
		challenge string
		reason    string
		log       string
	}{
		"no token": {&kongtest.Kong{Headers: map[string][]string{"host": {"api"}}},
			401, `Bearer realm="kong"`, "no_token", "holds a bearer token"},
		"the header twice": {&kongtest.Kong{Headers: map[string][]string{"authorization": {"Bearer a", "Bearer b"}}},
			400, badRequest, "malformed", "repeated"},
		"more headers than Kong shows": {request(goodToken(), map[string][]string{"x": tooMany}), 400, badHeaders, "malformed", "cannot all be read"},
		"a Connection that takes our headers off": {request(goodToken(), map[string][]string{"connection": {"X-Consumer-ID, X-Consumer-Username"}}),
			400, badHeaders, "malformed", "Connection names"},
		"a token that is no JWT": {request("opaque", nil), 401, invalid, "malformed", "segments"},
		"alg none":               {request(sign(`{"alg":"none"}`, "{}", jwt.UnsafeAllowNoneSignatureType), nil), 401, invalid, "alg", "asymmetric"},
		"another audience":       {request(mint(header(nil), goodClaims(members{"aud": "https://secret.test"}), rsaKey()), nil), 401, invalid, "audience", "api.example.test"},
		"an unknown issuer":      {request(mint(header(nil), goodClaims(members{"iss": "https://évil.test\n"}), rsaKey()), nil), 401, invalid, "issuer", `vil.test\\n`},
		"an unknown kid":         {request(mint(header(members{"kid": "k\r\n9"}), goodClaims(nil), rsaKey()), nil), 401, invalid, "kid_unknown", `kid="k\r\n9"`},
		"a wrong signature":      {request(mint(header(nil), goodClaims(nil), otherRSA()), nil), 401, invalid, "signature", "does not fit"},
		"an expired token": {request(mint(header(nil), goodClaims(members{"exp": testNow.Unix() - 60}), rsaKey()), nil),
			401, `Bearer realm="kong", error="invalid_token", error_description="The access token expired."`, "expired", "exp was 1m0.02s ago"}, // 20 ms went by for the keys,
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				out := row.kong.Run(t, w.build(t, nil))
				if out.Exit == nil {
					t.Fatal("passed")
				}
				if got := out.Exit.Headers["WWW-Authenticate"]; out.Exit.Status != row.status || !slices.Equal(got, []string{row.challenge}) {
					t.Errorf("got %d with %q", out.Exit.Status, got)
				}
				body := string(out.Exit.Body)
				if !strings.Contains(body, kongtest.RequestID) || !slices.Equal(out.Exit.Headers["Content-Type"], []string{"application/problem+json"}) {
					t.Errorf("the answer is %v %s", out.Exit.Headers, body)
				}
				for _, secret := range []string{testAudience, "secret.test", "evil.test", "k1", row.reason + `"`} {
					if strings.Contains(body, secret) {
						t.Errorf("the client is told %q", secret)
					}
				}
				checkLog(t, out, row.reason, row.log)
				if n := w.counted(t, "tollgate_jwks_verify_total", row.reason); n != 1 {
					t.Errorf("the metric counts %v", n)
				}
				if out.ConsumerID+out.CredentialID != "" || len(out.Shared) > 0 {
					t.Error("a refused request has an identity")
				}
			})
		})
	}
}

// checkLog wants one line in the error log and one member in the access log, without the token.
func checkLog(t *testing.T, out kongtest.Outcome, reason, detail string) {
	t.Helper()
	if len(out.Logs) != 1 || out.Logs[0].Level != "warn" {
		t.Fatalf("logged %v", out.Logs)
	}
	line := out.Logs[0].Text
	if !strings.Contains(line, "reason="+reason+" ") || !strings.Contains(line, detail) {
		t.Errorf("logged %q, want %q in it", line, detail)
	}
	if strings.ContainsAny(line, "\r\n") || strings.Contains(line, "eyJ") {
		t.Errorf("the line holds a token or a line break: %q", line)
	}
	member, _ := out.LogMembers["tollgate.jwks_verify"].(map[string]any)
	proven := slices.Contains([]string{"audience", "expired"}, reason) // the signature was good
	if member["reason"] != reason || (member["client_id"] == testClient) != proven || (member["sub"] == testSubHash) != proven {
		t.Errorf("the access log has %v", member)
	}
}

func TestRotation(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := w.build(t, nil)
		if out := request(goodToken(), nil).Run(t, h); out.Exit != nil {
			t.Fatal("the first key is refused")
		}
		time.Sleep(time.Second)
		w.serve(jwks(jwk("k2", otherRSA(), nil)))
		start := time.Now()
		rotated := mint(header(members{"kid": "k2"}), goodClaims(nil), otherRSA())
		if out := request(rotated, nil).Run(t, h); out.Exit != nil {
			t.Errorf("the new key is refused: %v", out.Logs)
		}
		if took := time.Since(start); took > testWait {
			t.Errorf("it took %s", took)
		}
		if out := request(goodToken(), nil).Run(t, h); out.Exit == nil {
			t.Error("the key that was withdrawn is taken")
		}
	})
}

func TestProviderDownAtStart(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		keys := w.body
		w.serve(nil)
		h := w.build(t, nil)
		out := request(goodToken(), nil).Run(t, h)
		if out.Exit == nil || out.Exit.Status != http.StatusServiceUnavailable || !slices.Equal(out.Exit.Headers["Retry-After"], []string{"5"}) {
			t.Fatalf("answered %+v", out.Exit)
		}
		if out.Exit.Headers["WWW-Authenticate"] != nil {
			t.Error("a client is told to get another token while the fault is ours")
		}
		checkLog(t, out, "keys_unavailable", "could not be fetched")
		time.Sleep(time.Minute)
		w.serve(keys)
		if out := request(goodToken(), nil).Run(t, h); out.Exit != nil {
			t.Error("the first request after the recovery is refused")
		}
		if n := w.counted(t, "tollgate_jwks_verify_fetches_total", "unreachable"); n < 5 {
			t.Errorf("the metric counts %v failed fetches", n)
		}
	})
}

func TestInstancesShareAKeySet(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		first, second := w.build(t, nil), w.build(t, members{"leeway_seconds": 0})
		time.Sleep(time.Second)
		if n := w.fetched(); n != 1 {
			t.Errorf("%d fetches for two instances", n)
		}
		first.Close()
		second.Close()
		time.Sleep(time.Minute)
		third := w.build(t, nil)
		if out := request(goodToken(), nil).Run(t, third); out.Exit != nil || w.fetched() != 1 {
			t.Errorf("after a reload the keys were fetched anew: %d fetches", w.fetched())
		}
		third.Close()
		time.Sleep(keysGrace + time.Minute)
		before := w.fetched()
		time.Sleep(time.Hour)
		if n := w.fetched() - before; n != 0 {
			t.Errorf("%d fetches for nobody", n)
		}
	})
}

func TestBuildDoesNotWaitForTheProvider(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.hang()
		start := time.Now()
		h := w.build(t, nil)
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %s", took)
		}
		if out := request(goodToken(), nil).Run(t, h); out.Exit == nil || out.Exit.Status != http.StatusServiceUnavailable {
			t.Errorf("answered %+v", out.Exit)
		}
		if took := time.Since(start); took != testWait {
			t.Errorf("the request waited %s", took)
		}
	})
}
