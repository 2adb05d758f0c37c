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
	"github.com/google/go-cmp/cmp"
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
		start := time.Now()
		w := &world{provider: &provider{body: jwks(jwk("k1", rsaKey(), nil))}, registry: prometheus.NewRegistry()}
		w.plugin = newPlugin(plugin.Deps{
			Log:     slog.New(slog.DiscardHandler),
			Metrics: w.registry,
			Now:     func() time.Time { return testNow.Add(time.Since(start)) },
		}, w)
		defer w.plugin.Close()
		test(t, w)
	})
}

// build makes a handler; more replaces members of the smallest configuration.
func (w *world) build(t *testing.T, more members) plugin.Handler {
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

// counted is the number of verdicts with a reason.
func (w *world) counted(t *testing.T, name, label string) float64 {
	t.Helper()
	families, err := w.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == name && m.GetLabel()[0].GetValue() == label {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
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

func TestAGoodTokenPasses(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := w.build(t, nil)
		out := request(goodToken(), nil).Run(t, h)
		if out.Exit != nil {
			t.Fatalf("answered %d: %s", out.Exit.Status, out.Exit.Body)
		}
		if out.ConsumerID != testConsumer.ID || out.CredentialID != testClient {
			t.Errorf("authenticated %q with %q", out.ConsumerID, out.CredentialID)
		}
		if diff := cmp.Diff(map[string][]string{
			"X-Consumer-ID": {testConsumer.ID}, "X-Consumer-Username": {testClient}, "X-Consumer-Custom-ID": {"c-1"},
			"X-Credential-Identifier": {testClient},
		}, out.UpstreamHeaders); diff != "" {
			t.Errorf("upstream headers (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[string]any{"tollgate_claims": map[string]any{
			"iss": testIssuer, "aud": testAudience, "client_id": testClient, "sub": "user-7", "tier": "gold",
			"exp": float64(testNow.Unix() + 60), "iat": float64(testNow.Unix()),
		}}, out.Shared); diff != "" {
			t.Errorf("ctx.shared (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[string]any{"tollgate.jwks_verify": map[string]any{
			"reason": "ok", "issuer": testIssuer, "kid": "k1", "client_id": testClient,
		}}, out.LogMembers); diff != "" {
			t.Errorf("access log (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{ // only the first two are waited for
			"kong.request.get_headers", "kong.client.load_consumer",
			"kong.client.authenticate", "kong.service.request.set_headers", "kong.ctx.shared.set", "kong.log.set_serialize_value",
		}, out.Calls); diff != "" {
			t.Errorf("PDK calls (-want +got):\n%s", diff)
		}
		if n := w.counted(t, "tollgate_jwks_verify_total", "ok"); n != 1 {
			t.Errorf("the metric counts %v", n)
		}
	})
}

func TestIdentity(t *testing.T) {
	for name, row := range map[string]struct {
		config, claims       members
		consumer, credential string
		upstream             map[string][]string
		status               int
	}{
		"a consumer by its id": {
			claims:   members{"client_id": testConsumer.ID},
			consumer: testConsumer.ID, credential: testConsumer.ID,
		},
		"no consumer, not required: a credential alone": {
			claims:     members{"client_id": "stranger"},
			credential: "stranger", upstream: map[string][]string{"X-Credential-Identifier": {"stranger"}},
		},
		"no consumer, but required": {
			config: members{"consumer_required": true}, claims: members{"client_id": "stranger"},
			status: http.StatusForbidden,
		},
		"sub does not name a consumer unless told": {
			claims:     members{"client_id": "stranger", "sub": testClient},
			credential: "stranger", upstream: map[string][]string{"X-Credential-Identifier": {"stranger"}},
		},
		"the second claim names one": {
			config: members{"consumer_claims": []string{"azp", "sub"}}, claims: members{"azp": "stranger", "client_id": nil, "sub": testClient},
			consumer: testConsumer.ID, credential: testClient,
		},
		"no lookup": {
			config:     members{"consumer_claims": []string{}},
			credential: testClient, upstream: map[string][]string{"X-Credential-Identifier": {testClient}},
		},
		"a claim that is not a string names nobody": {
			claims:     members{"client_id": []string{testClient}},
			credential: "user-7", upstream: map[string][]string{"X-Credential-Identifier": {"user-7"}},
		},
		"neither client_id nor sub": {
			claims:   members{"client_id": nil, "sub": nil},
			upstream: map[string][]string{},
		},
		"a client_id that would end a header": {
			claims:     members{"client_id": "a\r\nX-Consumer-ID: b%ü"},
			credential: "a\r\nX-Consumer-ID: b%ü", upstream: map[string][]string{"X-Credential-Identifier": {"a%0D%0AX-Consumer-ID:%20b%25%C3%BC"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				out := request(mint(header(nil), goodClaims(row.claims), rsaKey()), nil).Run(t, w.build(t, row.config))
				status := 0
				if out.Exit != nil {
					status = out.Exit.Status
				}
				if status != row.status || out.ConsumerID != row.consumer || out.CredentialID != row.credential {
					t.Errorf("status %d, consumer %q, credential %q", status, out.ConsumerID, out.CredentialID)
				}
				if diff := cmp.Diff(row.upstream, out.UpstreamHeaders); row.upstream != nil && diff != "" {
					t.Errorf("upstream headers (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestEveryForgedHeaderIsRemovedBeforeOursAreSet(t *testing.T) {
	forged := []string{
		"x-anonymous-consumer", "x-authenticated-groups", "x-authenticated_userid", "x-consumer-groups", "x-consumer-id", "x-consumer_custom-id",
		"x-credential_identifier", "x_authenticated_userid", "x_consumer-id", "x_consumer_id", "x_consumer_username", "x_credential_identifier",
	}
	headers := map[string][]string{"x-consume": {"kept"}, "x-request-id": {"kept"}, "consumer-id": {"kept"}}
	for _, name := range forged {
		headers[name] = []string{"admin"}
	}
	inWorld(t, func(t *testing.T, w *world) {
		out := request(goodToken(), headers).Run(t, w.build(t, nil))
		if diff := cmp.Diff(forged, out.Cleared); diff != "" {
			t.Errorf("cleared (-want +got):\n%s", diff)
		}
		last := slices.Index(out.Calls, "kong.service.request.set_headers")
		if slices.Contains(out.Calls[last:], "kong.service.request.clear_header") {
			t.Errorf("cleared after setting: %v", out.Calls)
		}
	})
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
	const invalid = `Bearer realm="tollgate", error="invalid_token", error_description="The access token is not valid here."`
	const badRequest = `Bearer realm="tollgate", error="invalid_request", error_description="The request must hold one bearer token, in one Authorization header."`
	tooMany := make([]string, 998)
	for name, row := range map[string]struct {
		kong      *kongtest.Kong
		status    int
		challenge string
		reason    string
		log       string
	}{
		"no token": {&kongtest.Kong{Headers: map[string][]string{"host": {"api"}}},
			401, `Bearer realm="tollgate"`, "no_token", "no Authorization"},
		"the header twice": {&kongtest.Kong{Headers: map[string][]string{"authorization": {"Bearer a", "Bearer b"}}},
			400, badRequest, "malformed", "repeated"},
		"more headers than Kong shows": {request(goodToken(), map[string][]string{"x": tooMany}), 400, badRequest, "malformed", "cannot all be read"},
		"a token that is no JWT":       {request("opaque", nil), 401, invalid, "malformed", "segments"},
		"alg none":                     {request(sign(`{"alg":"none"}`, "{}", jwt.UnsafeAllowNoneSignatureType), nil), 401, invalid, "alg", "asymmetric"},
		"another audience":             {request(mint(header(nil), goodClaims(members{"aud": "https://secret.test"}), rsaKey()), nil), 401, invalid, "audience", "api.example.test"},
		"an unknown issuer":            {request(mint(header(nil), goodClaims(members{"iss": "https://évil.test\n"}), rsaKey()), nil), 401, invalid, "issuer", `vil.test\\n`},
		"an unknown kid":               {request(mint(header(members{"kid": "k\r\n9"}), goodClaims(nil), rsaKey()), nil), 401, invalid, "kid_unknown", `kid="k\r\n9"`},
		"a wrong signature":            {request(mint(header(nil), goodClaims(nil), otherRSA()), nil), 401, invalid, "signature", "does not fit"},
		"an expired token": {request(mint(header(nil), goodClaims(members{"exp": testNow.Unix() - 60}), rsaKey()), nil),
			401, `Bearer realm="tollgate", error="invalid_token", error_description="The access token expired."`, "expired", "1m0s ago"},
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
	if member["reason"] != reason || member["client_id"] != nil || member["sub"] != nil {
		t.Errorf("the access log has %v", member)
	}
}

func TestRotation(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := w.build(t, nil)
		if out := request(goodToken(), nil).Run(t, h); out.Exit != nil {
			t.Fatal("the first key is refused")
		}
		time.Sleep(10 * time.Second)
		w.serve(jwks(jwk("k2", otherRSA(), nil)))
		start := time.Now()
		rotated := mint(header(members{"kid": "k2"}), goodClaims(nil), otherRSA())
		if out := request(rotated, nil).Run(t, h); out.Exit != nil {
			t.Errorf("the new key is refused: %v", out.Logs)
		}
		if took := time.Since(start); took > maxWait {
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
		if n := w.counted(t, "tollgate_jwks_fetches_total", "error"); n < 5 {
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
		if took := time.Since(start); took != maxWait {
			t.Errorf("the request waited %s", took)
		}
	})
}

func TestALookupThatKongEndsLeavesNoIdentity(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		k := request(goodToken(), nil)
		k.Abort = map[string]bool{"kong.client.load_consumer": true}
		out := k.Run(t, w.build(t, nil))
		if !out.Aborted || out.CredentialID != "" || len(out.UpstreamHeaders) > 0 || len(out.Shared) > 0 {
			t.Errorf("the request went on: %+v", out)
		}
		if n := w.counted(t, "tollgate_jwks_verify_total", "ok"); n != 0 {
			t.Errorf("the metric counts %v", n)
		}
	})
}
