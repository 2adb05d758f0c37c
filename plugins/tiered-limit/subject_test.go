package tieredlimit

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/internal/kong"
	"tollgate/internal/kongtest"
)

// The PDK calls that are waited for, by the names that the tables use.
const (
	getConsumer   = "kong.client.get_consumer"
	getCredential = "kong.client.get_credential"
	getAddress    = "kong.client.get_forwarded_ip"
	getClaims     = "kong.ctx.shared.get"
	getService    = "kong.router.get_service"
	getRoute      = "kong.router.get_route"
)

// A request that passes makes no other calls: without headers there is nothing to tell.
func TestWhoseCountARequestDebitsAndWhatKongIsAsked(t *testing.T) {
	address := kongtest.Kong{ForwardedIP: "192.0.2.1", PeerIP: "10.0.0.1"}
	known := kongtest.Kong{Consumer: consumer(), CredentialID: "k1", ForwardedIP: "192.0.2.1", RouteID: "r1", ServiceID: "s1"}
	with := func(k kongtest.Kong, change func(*kongtest.Kong)) kongtest.Kong {
		change(&k)
		return k
	}
	onConsumer := with(known, func(k *kongtest.Kong) { k.Scope = kong.Scope{ConsumerID: "c1"} })
	tests := map[string]struct {
		options string
		kong    kongtest.Kong
		asked   string
		calls   []string
	}{
		"a consumer": {`{}`, known, "default:consumer:c1 in free", []string{getConsumer}},
		"a consumer whose tag names a tier": {`{}`, with(known, func(k *kongtest.Kong) { k.Consumer = consumer("tier:gold") }),
			"default:consumer:c1 in gold", []string{getConsumer}},
		"nobody counts for the address": {`{}`, address, "default:ip:192.0.2.1 in free", []string{getConsumer, getAddress}},
		"an IPv6 address":               {`{}`, kongtest.Kong{ForwardedIP: "2001:db8::1"}, "default:ip:2001:db8::1 in free", []string{getConsumer, getAddress}},

		"a tier without limits is not counted":                {`{"default_tier": "internal"}`, known, "", []string{getConsumer}},
		"nor is an address in it asked for":                   {`{"default_tier": "internal", "scope": "route"}`, address, "", []string{getConsumer}},
		"nor anything where the instance's own has none":      {`{"tier": "internal", "limit_by": "ip"}`, known, "", nil},
		"nor where the consumer of the instance has no limit": {`{"tier": "internal"}`, onConsumer, "", nil},

		"on a consumer with a tier nothing is asked":         {`{"tier": "gold"}`, onConsumer, "default:consumer:c1 in gold", nil},
		"on a consumer without a tier its tags are":          {`{}`, onConsumer, "default:consumer:c1 in free", []string{getConsumer}},
		"a tier of its own needs the consumer's id":          {`{"tier": "gold"}`, known, "default:consumer:c1 in gold", []string{getConsumer}},
		"a tier of its own outranks the tags and the claim":  {`{"tier": "free", "tier_claim": "plan"}`, with(known, func(k *kongtest.Kong) { k.Consumer = consumer("tier:gold") }), "default:consumer:c1 in free", []string{getConsumer}},
		"a tier of its own, and nobody":                      {`{"tier": "gold"}`, address, "default:ip:192.0.2.1 in gold", []string{getConsumer, getAddress}},
		"a tier of its own by address needs no consumer":     {`{"tier": "gold", "limit_by": "ip"}`, known, "default:ip:192.0.2.1 in gold", []string{getAddress}},
		"a tier of its own by credential needs no consumer":  {`{"tier": "gold", "limit_by": "credential"}`, known, "default:credential:k1 in gold", []string{getCredential}},
		"a tier of its own on a consumer without credential": {`{"tier": "gold", "limit_by": "credential"}`, with(onConsumer, func(k *kongtest.Kong) { k.CredentialID = "" }), "default:consumer:c1 in gold", []string{getCredential}},
		"a tier of its own, and neither":                     {`{"tier": "gold", "limit_by": "credential"}`, address, "default:ip:192.0.2.1 in gold", []string{getCredential, getConsumer, getAddress}},

		"by credential":                       {`{"limit_by": "credential"}`, known, "default:credential:k1 in free", []string{getConsumer, getCredential}},
		"by credential, of no consumer":       {`{"limit_by": "credential"}`, with(known, func(k *kongtest.Kong) { k.Consumer = nil }), "default:credential:k1 in free", []string{getConsumer, getCredential}},
		"by credential, without one":          {`{"limit_by": "credential"}`, with(known, func(k *kongtest.Kong) { k.CredentialID = "" }), "default:consumer:c1 in free", []string{getConsumer, getCredential}},
		"by credential, with neither":         {`{"limit_by": "credential"}`, address, "default:ip:192.0.2.1 in free", []string{getConsumer, getCredential, getAddress}},
		"by consumer a credential is nobody":  {`{}`, with(known, func(k *kongtest.Kong) { k.Consumer = nil }), "default:ip:192.0.2.1 in free", []string{getConsumer, getAddress}},
		"by address, in the consumer's tier":  {`{"limit_by": "ip"}`, with(known, func(k *kongtest.Kong) { k.Consumer = consumer("tier:gold") }), "default:ip:192.0.2.1 in gold", []string{getConsumer, getAddress}},
		"by address, whatever nobody is for":  {`{"limit_by": "ip", "on_no_consumer": "reject"}`, address, "default:ip:192.0.2.1 in free", []string{getConsumer, getAddress}},
		"nobody to be skipped, and somebody":  {`{"on_no_consumer": "skip"}`, known, "default:consumer:c1 in free", []string{getConsumer}},
		"a credential is not nobody":          {`{"on_no_consumer": "reject", "limit_by": "credential"}`, with(known, func(k *kongtest.Kong) { k.Consumer = nil }), "default:credential:k1 in free", []string{getConsumer, getCredential}},
		"a claim names the tier":              {`{"tier_claim": "plan"}`, with(known, func(k *kongtest.Kong) { k.Shared = claims("gold") }), "default:consumer:c1 in gold", []string{getConsumer, getClaims}},
		"a claim and a tag: the one above":    {`{"tier_claim": "plan"}`, with(known, func(k *kongtest.Kong) { k.Consumer, k.Shared = consumer("tier:gold"), claims("free") }), "default:consumer:c1 in gold", []string{getConsumer, getClaims}},
		"a claim of a token without consumer": {`{"tier_claim": "plan", "limit_by": "credential"}`, with(known, func(k *kongtest.Kong) { k.Consumer, k.Shared = nil, claims("gold") }), "default:credential:k1 in gold", []string{getConsumer, getCredential, getClaims}},
		"no token, no claim":                  {`{"tier_claim": "plan"}`, known, "default:consumer:c1 in free", []string{getConsumer, getClaims}},

		"a namespace":                        {`{"namespace": "a.b-c_1"}`, known, "a.b-c_1:consumer:c1 in free", []string{getConsumer}},
		"by service":                         {`{"scope": "service"}`, known, "default:service:s1:consumer:c1 in free", []string{getConsumer, getService}},
		"by service, of which there is none": {`{"scope": "service"}`, with(known, func(k *kongtest.Kong) { k.ServiceID = "" }), "default:service:-:consumer:c1 in free", []string{getConsumer, getService}},
		"by service, on the service": {`{"scope": "service"}`, with(known, func(k *kongtest.Kong) { k.Scope = kong.Scope{ServiceID: "s9"} }),
			"default:service:s9:consumer:c1 in free", []string{getConsumer}},
		"by service, on a route": {`{"scope": "service"}`, with(known, func(k *kongtest.Kong) { k.Scope = kong.Scope{RouteID: "r9"} }),
			"default:service:s1:consumer:c1 in free", []string{getConsumer, getService}},
		"by route": {`{"scope": "route"}`, known, "default:route:r1:consumer:c1 in free", []string{getConsumer, getRoute}},
		"by route, on the route": {`{"scope": "route"}`, with(known, func(k *kongtest.Kong) { k.Scope = kong.Scope{RouteID: "r9", ServiceID: "s9"} }),
			"default:route:r9:consumer:c1 in free", []string{getConsumer}},
		"by route, on a service": {`{"scope": "route"}`, with(known, func(k *kongtest.Kong) { k.Scope = kong.Scope{ServiceID: "s9"} }),
			"default:route:r1:consumer:c1 in free", []string{getConsumer, getRoute}},
		"all that can be asked": {`{"scope": "route", "limit_by": "credential", "tier_claim": "plan"}`, address,
			"default:route:-:ip:192.0.2.1 in free", []string{getConsumer, getCredential, getClaims, getAddress, getRoute}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			count := admitting()
			got := test.kong.Run(t, handlerWith(t, string(overlay(t, test.options, `{"headers": "none"}`)), count))
			if got.Exit != nil {
				t.Errorf("answered %+v, want the request to pass", got.Exit)
			}
			if asked := strings.Join(count.asked, " and "); asked != test.asked {
				t.Errorf("counted %q, want %q", asked, test.asked)
			}
			if diff := cmp.Diff(test.calls, got.Calls); diff != "" {
				t.Errorf("PDK calls (-want +got):\n%s", diff)
			}
		})
	}
}

func claims(plan any) map[string]any {
	return map[string]any{sharedClaims: map[string]any{"plan": plan, "sub": "x"}}
}

func TestRequestsThatNobodyIsKnownToMake(t *testing.T) {
	nobody := kongtest.Kong{ForwardedIP: "192.0.2.1"}
	t.Run("are rejected with a fixed answer", func(t *testing.T) {
		count := admitting()
		h := handlerWith(t, `{"on_no_consumer": "reject", "default_tier": "internal", "tier_claim": "plan"}`, count)
		got := nobody.Run(t, h)
		if got.Exit == nil || got.Exit.Status != http.StatusForbidden {
			t.Fatalf("answered %+v, want 403", got.Exit)
		}
		want := map[string]any{
			"type": "about:blank", "title": "Forbidden", "status": 403.0, "request_id": kongtest.RequestID,
			"detail": "The request comes from no known consumer.",
		}
		if diff := cmp.Diff(want, bodyOf(t, got)); diff != "" {
			t.Errorf("body (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[string][]string{"Content-Type": {"application/problem+json"}}, got.Exit.Headers); diff != "" {
			t.Errorf("headers (-want +got):\n%s", diff)
		}
		wantMember := map[string]any{logMember: map[string]any{"decision": "rejected", "store": "anonymous"}}
		if diff := cmp.Diff(wantMember, got.LogMembers); diff != "" {
			t.Errorf("log members (-want +got):\n%s", diff)
		}
		if len(count.asked) > 0 {
			t.Errorf("counted %v", count.asked)
		}
		wantDecision(t, h, "", "rejected", "anonymous")
	})
	t.Run("are rejected by credential too", func(t *testing.T) {
		got := nobody.Run(t, handlerWith(t, `{"on_no_consumer": "reject", "limit_by": "credential", "tier": "gold"}`, admitting()))
		if got.Exit == nil || got.Exit.Status != http.StatusForbidden {
			t.Errorf("answered %+v, want 403", got.Exit)
		}
	})
	t.Run("pass uncounted, and their clients learn nothing", func(t *testing.T) {
		count := admitting()
		h := handlerWith(t, `{"on_no_consumer": "skip", "headers": "both"}`, count)
		got := nobody.Run(t, h)
		if got.Exit != nil || len(count.asked) > 0 {
			t.Errorf("answered %+v, counted %v", got.Exit, count.asked)
		}
		if diff := cmp.Diff([]string{getConsumer}, got.Calls); diff != "" {
			t.Errorf("PDK calls (-want +got):\n%s", diff)
		}
		wantDecision(t, h, "", "skipped", "anonymous")
	})
}

// A key stands in braces in Redis, as the hash tag by which Cluster finds the slot: a brace within would
// end it.
func TestNoKeyHoldsABrace(t *testing.T) {
	seen := map[string]string{}
	for _, id := range []string{"a}b", "a{b", "{", "}", "%7D", "a%7Db", "{}", "plain", "ünï:code"} {
		count := admitting()
		k := kongtest.Kong{CredentialID: id}
		k.Run(t, handlerWith(t, `{"limit_by": "credential"}`, count))
		key := count.asked[0]
		if strings.ContainsAny(key, "{}") {
			t.Errorf("the credential %q has the key %q", id, key)
		}
		if other, taken := seen[key]; taken {
			t.Errorf("%q and %q share the key %q", id, other, key)
		}
		seen[key] = id
	}
	if seen["default:credential:plain in free"] != "plain" {
		t.Errorf("keys %v", seen)
	}
}

func TestTheKeyOfALongIDIsShortAndItsOwn(t *testing.T) {
	s := newSubjects(Config{Namespace: "n", Scope: scopeConsumer})
	long := strings.Repeat("x", 1<<20)
	a, b := s.keyAt("", byConsumer, long+"a"), s.keyAt("", byConsumer, long+"b")
	if len(a) > 128 || a == b {
		t.Errorf("keys of %d bytes, equal %v", len(a), a == b)
	}
	if forged := s.keyAt("", byConsumer, strings.TrimPrefix(a, "n:consumer:")); forged == a {
		t.Error("an id that is written like it has the same key")
	}
	if got := s.keyAt("", byConsumer, strings.Repeat("x", longestID)); !strings.HasSuffix(got, "xxx") {
		t.Errorf("an id that may be written out is not: %s", got)
	}
}
