package jwksverify

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
		"x-anonymous-consumer", "x-authenticated-groups", "x-authenticated-scope", "x-authenticated_userid", "x-consumer-groups", "x-consumer-id", "x-consumer_custom-id",
		"x-credential-username", "x-credential_identifier", "x_anonymous_consumer", "x_authenticated_userid", "x_consumer-id", "x_consumer_id",
		"x_consumer_username", "x_credential_identifier",
	}
	headers := map[string][]string{"x-consume": {"kept"}, "x-credentials": {"kept"}, "x-authenticate": {"kept"}, "x-request-id": {"kept"}, "consumer-id": {"kept"}}
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

func TestConnectionMayNotNameIdentity(t *testing.T) {
	for name, row := range map[string]struct {
		lines   []string
		refused bool
	}{
		"no line":                         {nil, false},
		"the usual one":                   {[]string{"keep-alive"}, false},
		"a list of others":                {[]string{"keep-alive, Upgrade,, x-consumer,", "x-tenant, not-x-consumer-id"}, false},
		"one of ours":                     {[]string{"X-Consumer-ID"}, true},
		"ours, last in a list":            {[]string{"close,X-Credential-Identifier"}, true},
		"ours, on a second line":          {[]string{"close", "x-consumer-username"}, true},
		"ours, with underscores":          {[]string{"X_Consumer_ID"}, true},
		"ours, in space as Lua trims it":  {[]string{"close, \v\f\tx-consumer-custom-id\t "}, true},
		"what later plugins set: scopes":  {[]string{"x-authenticated-scope"}, true},
		"what later plugins set: nobody":  {[]string{"X-Anonymous-Consumer"}, true},
		"what later plugins set: a group": {[]string{"x-consumer-groups"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := stripsIdentity(row.lines); got != row.refused {
				t.Errorf("refused: %t, want %t", got, row.refused)
			}
		})
	}
}

func TestLookingAtTheUsualConnectionDoesNotAllocate(t *testing.T) {
	connection := []string{"keep-alive"}
	if n := testing.AllocsPerRun(100, func() { stripsIdentity(connection) }); n != 0 {
		t.Errorf("%v allocations a request", n)
	}
}
