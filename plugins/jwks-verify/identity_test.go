package jwksverify

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/internal/kong"
)

func TestAGoodTokenPasses(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		out := request(goodToken(), nil).Run(t, w.build(t, nil))
		if out.Exit != nil {
			t.Fatalf("answered %d: %s", out.Exit.Status, out.Exit.Body)
		}
		if out.ConsumerID != testConsumer.ID || out.CredentialID != testClient {
			t.Errorf("authenticated %q with %q", out.ConsumerID, out.CredentialID)
		}
		if diff := cmp.Diff(map[string][]string{
			"X-Consumer-ID": {testConsumer.ID}, "X-Consumer-Username": {testClient}, "X-Consumer-Custom-ID": {"c-1"},
			"X-Credential-Identifier": {testClient}, "X-Authenticated-Userid": {"user-7"},
		}, out.UpstreamHeaders); diff != "" {
			t.Errorf("upstream headers (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[string]any{"tollgate.jwks_verify": map[string]any{
			"reason": "ok", "issuer": testIssuer, "kid": "k1", "client_id": testClient, "sub": testSubHash,
		}}, out.LogMembers); diff != "" {
			t.Errorf("access log (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{ // only the first two are waited for
			"kong.request.get_headers", "kong.client.load_consumer",
			"kong.client.authenticate", "kong.service.request.set_headers", "kong.log.set_serialize_value",
		}, out.Calls); diff != "" {
			t.Errorf("PDK calls (-want +got):\n%s", diff)
		}
		if n := w.counted(t, "tollgate_jwks_verify_total", "ok"); n != 1 {
			t.Errorf("the metric counts %v", n)
		}
	})
}

// testSubHash is `printf '%s' 'https://auth.example.test/as user-7' | sha256sum | cut -c 1-32`.
const testSubHash = "sha256:7a2c7f23ce3e118c3c46e035cbd38999"

// TestEverythingThatATokenTells turns all options on; the order of the calls counts: what the client sent
// is removed before ours is set.
func TestEverythingThatATokenTells(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := w.build(t, members{
			"userid_claim": "uid", "groups_claim": "realm.groups", "shared_claims": []string{"tier", "quota", "absent"},
			"hide_credentials": true, "log_sub": "plain", "claims_to_headers": []members{
				{"claim": "scope", "header": "X-Scope"}, {"claim": "realm.groups", "header": "X_Groups"}, {"claim": "absent", "header": "X-Absent"},
			},
		})
		token := mint(header(nil), goodClaims(members{
			"uid": 42, "scope": "read write", "realm": members{"groups": []any{"admins", 7, "a,b", members{}}}, "quota": 5,
		}), rsaKey())
		out := request(token, map[string][]string{"x-scope": {"all"}, "x-groups": {"root"}, "x-absent": {"forged"}, "x-other": {"kept"}}).Run(t, h)
		if diff := cmp.Diff(map[string][]string{
			"X-Consumer-ID": {testConsumer.ID}, "X-Consumer-Username": {testClient}, "X-Consumer-Custom-ID": {"c-1"},
			"X-Credential-Identifier": {testClient}, "X-Authenticated-Userid": {"42"},
			"X-Scope": {"read write"}, "X_Groups": {"admins,7,a%2Cb,{}"},
		}, out.UpstreamHeaders); diff != "" {
			t.Errorf("upstream headers (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"x-absent", "x-groups", "x-scope", "authorization"}, out.Cleared); diff != "" {
			t.Errorf("removed (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[string]any{
			"authenticated_groups": []any{"admins", "7", "a,b"}, "tollgate_claims": map[string]any{"tier": "gold", "quota": 5.0},
		}, out.Shared); diff != "" {
			t.Errorf("ctx.shared (-want +got):\n%s", diff)
		}
		if member, _ := out.LogMembers["tollgate.jwks_verify"].(map[string]any); member["sub"] != "user-7" {
			t.Errorf("access log: %v", member)
		}
		if diff := cmp.Diff([]string{
			"kong.request.get_headers", "kong.client.load_consumer", "kong.client.authenticate",
			"kong.service.request.clear_header", "kong.service.request.clear_header", "kong.service.request.clear_header", "kong.service.request.clear_header",
			"kong.service.request.set_headers", "kong.ctx.shared.set", "kong.ctx.shared.set", "kong.log.set_serialize_value",
		}, out.Calls); diff != "" {
			t.Errorf("PDK calls (-want +got):\n%s", diff)
		}
	})
}

func TestIdentity(t *testing.T) {
	byCustom := func(consumer string) members {
		return members{"consumer_by": "custom_id", "custom_ids": []members{{"custom_id": "crm-1", "consumer": consumer}}, "consumer_claims": []string{"crm"}}
	}
	for name, row := range map[string]struct {
		config, claims       members
		consumer, credential string
		upstream             map[string][]string
		status               int
	}{
		"a username in the form of somebody's id is not that id": {
			claims:     members{"client_id": testConsumer.ID},
			credential: testConsumer.ID,
		},
		"a consumer by its id": {
			config: members{"consumer_by": "id"}, claims: members{"client_id": testConsumer.ID},
			consumer: testConsumer.ID, credential: testConsumer.ID,
		},
		"a username is no id": {
			config:     members{"consumer_by": "id"},
			credential: testClient,
		},
		"a consumer by its custom_id, mapped to a username": {
			config: byCustom(testClient), claims: members{"crm": "crm-1"},
			consumer: testConsumer.ID, credential: testClient,
		},
		"a consumer by its custom_id, mapped to an id": {
			config: byCustom(testConsumer.ID), claims: members{"crm": "crm-1"},
			consumer: testConsumer.ID, credential: testClient,
		},
		"a custom_id that is not mapped is nobody's, even as a username": {
			config: byCustom(testClient), claims: members{"crm": testClient},
			credential: testClient,
		},
		"no consumer, not required: a credential alone": {
			claims:     members{"client_id": "stranger"},
			credential: "stranger", upstream: map[string][]string{"X-Credential-Identifier": {"stranger"}, "X-Authenticated-Userid": {"user-7"}},
		},
		"no consumer, but required": {
			config: members{"consumer_required": true}, claims: members{"client_id": "stranger"},
			status: http.StatusForbidden,
		},
		"sub does not name a consumer unless told": {
			claims:     members{"client_id": "stranger", "sub": testClient},
			credential: "stranger",
		},
		"the second claim names one": {
			config: members{"consumer_claims": []string{"azp", "sub"}}, claims: members{"azp": "stranger", "client_id": nil, "sub": testClient},
			consumer: testConsumer.ID, credential: testClient,
		},
		"a claim within another": {
			config: members{"consumer_claims": []string{"app.id"}}, claims: members{"app": members{"id": testClient}},
			consumer: testConsumer.ID, credential: testClient,
		},
		"no lookup": {
			config:     members{"consumer_claims": []string{}},
			credential: testClient,
		},
		"a claim that is not a string names nobody": {
			claims:     members{"client_id": []string{testClient}},
			credential: "user-7",
		},
		"neither client_id nor sub": {
			claims:   members{"client_id": nil, "sub": nil},
			upstream: map[string][]string{},
		},
		"no user id where the operator wants none": {
			config: members{"userid_claim": (*int)(nil)}, claims: members{"client_id": "stranger", "": "forged"},
			credential: "stranger", upstream: map[string][]string{"X-Credential-Identifier": {"stranger"}},
		},
		"a user id that is no name": {
			config: members{"userid_claim": "aud"}, claims: members{"client_id": "stranger", "aud": []string{testAudience}},
			credential: "stranger", upstream: map[string][]string{"X-Credential-Identifier": {"stranger"}},
		},
		"a client_id that would end a header": {
			claims:     members{"client_id": "a\r\nX-Consumer-ID: b%ü", "sub": nil},
			credential: "a\r\nX-Consumer-ID: b%ü", upstream: map[string][]string{"X-Credential-Identifier": {"a%0D%0AX-Consumer-ID: b%25%C3%BC"}},
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

func TestGroups(t *testing.T) {
	for name, row := range map[string]struct {
		config string
		claim  any
		want   any
	}{
		"a list":                                 {"groups", []any{"a", "b"}, []any{"a", "b"}},
		"one, as PingFederate sends it":          {"groups", "a b", []any{"a b"}},
		"what is no name is left out":            {"groups", []any{"", nil, true, members{"a": 1}, []any{"b"}, "c"}, []any{"c"}},
		"none in the token: then there are none": {"groups", nil, []any{}},
		"no such claim configured":               {"", []any{"a"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				config := members{}
				if row.config != "" {
					config["groups_claim"] = row.config
				}
				out := request(mint(header(nil), goodClaims(members{"groups": row.claim}), rsaKey()), nil).Run(t, w.build(t, config))
				if diff := cmp.Diff(row.want, out.Shared["authenticated_groups"]); diff != "" {
					t.Errorf("groups (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestAClaimTooLongForItsHeaderIsLeftOutWhole(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := w.build(t, members{"claims_to_headers": []members{{"claim": "role", "header": "X-Role"}}})
		long := mint(header(nil), goodClaims(members{"role": strings.Repeat("ü", maxField/6) + "12345"}), rsaKey())
		out := request(long, nil).Run(t, h)
		if _, set := out.UpstreamHeaders["X-Role"]; set || out.Exit != nil {
			t.Errorf("the upstream is told %d bytes", len(out.UpstreamHeaders["X-Role"][0]))
		}
		if len(out.Logs) != 1 || !strings.Contains(out.Logs[0].Text, "X-Role") || strings.Contains(out.Logs[0].Text, "ü") {
			t.Errorf("logged %v", out.Logs)
		}
		fits := mint(header(nil), goodClaims(members{"role": strings.Repeat("r", maxField)}), rsaKey())
		if out := request(fits, nil).Run(t, h); len(out.UpstreamHeaders["X-Role"]) != 1 || len(out.Logs) != 0 {
			t.Errorf("a value of %d bytes: logged %v", maxField, out.Logs)
		}
	})
}

func TestWhatDiffersFromUserToUserIsToldLast(t *testing.T) {
	i := newIdentifier(&Config{UserIDClaim: "sub", ClaimsToHeaders: []ClaimHeader{{Claim: "role", Header: "X-Role"}}})
	told := upstreamHeaders(nil, i.of(testIssuer, "k1", claims{"sub": "user-7", "role": "reader", "client_id": "app"}))
	if last := told[len(told)-1]; len(told) != 3 || last.Name != "X-Authenticated-Userid" {
		t.Errorf("told %v", told)
	}
}

func TestTheCredentialNamesItsConsumerAndNeverAnEmptyOne(t *testing.T) {
	id := &identity{credential: "app"}
	for want, consumer := range map[string]*kong.Account{testConsumer.ID: {Consumer: kong.Consumer{ID: testConsumer.ID}}, noConsumer: nil} {
		if got := credentialOf(id, consumer); got.ID != "app" || got.ConsumerID != want {
			t.Errorf("%+v, want the consumer_id %s", got, want)
		}
	}
	if !isUUID(noConsumer) {
		t.Error("acl would fail on what is not in the form of an id")
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
