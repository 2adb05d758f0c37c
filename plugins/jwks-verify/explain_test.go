package jwksverify

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func explainConfig(more members) []byte {
	return mustJSON(without(members{"issuers": []members{{
		"issuer": testIssuer, "jwks_uri": "https://auth.example.test/as/jwks", "audiences": []string{testAudience},
	}}}, more))
}

func TestExplain(t *testing.T) {
	var all []string
	for _, c := range proving() {
		all = append(all, c.name)
	}
	for _, c := range standing() {
		all = append(all, c.name)
	}
	strict := members{"required_scopes": []string{"read"}, "required_claims": []members{{"claim": "tier"}}}
	for name, row := range map[string]struct {
		token, failed, reason, says string
	}{
		"a good token":        {mint(header(nil), goodClaims(members{"scope": "read"}), rsaKey()), "", "ok", ""},
		"no JWT":              {"opaque", "form", "malformed", "segments"},
		"another type":        {mint(header(members{"typ": "logout+jwt"}), goodClaims(nil), rsaKey()), "type", "type", "typ"},
		"another issuer":      {mint(header(nil), goodClaims(members{"iss": "https://evil.test"}), rsaKey()), "issuer", "issuer", "iss"},
		"a foreign algorithm": {mint(header(members{"alg": "RS512"}), goodClaims(nil), rsaKey()), "algorithm", "alg", "RS512"},
		"an unknown kid":      {mint(header(members{"kid": "k9"}), goodClaims(nil), rsaKey()), "key", "kid_unknown", "kid"},
		"another's signature": {mint(header(nil), goodClaims(nil), otherRSA()), "signature", "signature", "signature"},
		"a bound token":       {mint(header(nil), goodClaims(members{"cnf": members{"jkt": "x"}}), rsaKey()), "confirmation", "binding", "bound"},
		"another audience":    {mint(header(nil), goodClaims(members{"aud": "x"}), rsaKey()), "audience", "audience", testAudience},
		"an expired token":    {mint(header(nil), goodClaims(members{"exp": testNow.Unix() - 60}), rsaKey()), "time", "expired", "1m0s"},
		"a token of tomorrow": {mint(header(nil), goodClaims(members{"nbf": testNow.Unix() + 60}), rsaKey()), "time", "not_yet_valid", "1m0s"},
		"alg in lower case":   {sign(`{"alg":"rs256","kid":"k1"}`, string(mustJSON(goodClaims(nil))), rsaKey()), "header", "alg", "algorithm"},
		"no scope":            {mint(header(nil), goodClaims(members{"scope": "write"}), rsaKey()), "scope", "scope", "read"},
		"a claim that lacks":  {mint(header(nil), goodClaims(members{"tier": nil}), rsaKey()), "claims", "claim", "tier"},
		"a date that is none": {mint(header(nil), goodClaims(members{"exp": "soon"}), rsaKey()), "dates", "malformed", "exp"},
		"a token of no one":   {mint(header(nil), goodClaims(members{"iss": nil}), rsaKey()), "issuer", "issuer", "iss"},
	} {
		t.Run(name, func(t *testing.T) {
			report, err := Explain(explainConfig(strict), row.token, func(string) ([]byte, error) { return jwks(jwk("k1", rsaKey(), nil)), nil }, testNow)
			if err != nil {
				t.Fatal(err)
			}
			var told []string
			for _, step := range report.Steps {
				told = append(told, step.Check)
			}
			if report.Reason != row.reason || !slices.Equal(told, all) {
				t.Fatalf("reason %s, steps %q", report.Reason, told)
			}
			want := StepOK
			for _, step := range report.Steps {
				if step.Check == row.failed {
					if step.Verdict != StepFailed || !strings.Contains(step.Detail, row.says) || !strings.HasPrefix(step.Detail, row.reason+": ") {
						t.Errorf("%+v, want it to say %s", step, row.says)
					}
					want = StepSkipped
				} else if step.Verdict != want {
					t.Errorf("%+v, want %s", step, want)
				}
				if i := strings.LastIndex(row.token, "."); i > 0 && strings.Contains(step.Detail, row.token[i+1:]) {
					t.Errorf("%s tells the signature", step.Check)
				}
			}
			if (want == StepOK) != (row.failed == "") || (report.Lookups != nil) != (row.failed == "") {
				t.Errorf("no step failed: %t; lookups %v", want == StepOK, report.Lookups)
			}
		})
	}
}

func TestExplainAsksForKeysOnlyOfAnIssuerThatIsKnown(t *testing.T) {
	var asked []string
	ask := func(issuer string) ([]byte, error) {
		asked = append(asked, issuer)
		return nil, errors.New("no such file")
	}
	for _, token := range []string{"opaque", mint(header(nil), goodClaims(members{"iss": "https://evil.test"}), rsaKey())} {
		if _, err := Explain(explainConfig(nil), token, ask, testNow); err != nil || asked != nil {
			t.Errorf("asked for the keys of %q, %v", asked, err)
		}
	}
	report, err := Explain(explainConfig(nil), goodToken(), ask, testNow)
	if err != nil || report.Reason != "keys_unavailable" || !cmp.Equal(asked, []string{testIssuer}) {
		t.Errorf("%+v, %v, asked for %q", report, err, asked)
	}
	for _, step := range report.Steps {
		if step.Verdict == StepFailed && !strings.Contains(step.Detail, "no such file") {
			t.Errorf("%+v", step)
		}
	}
}

func TestExplainTellsWhomKongIsAskedFor(t *testing.T) {
	config := explainConfig(members{"consumer_claims": []string{"sub", "client_id"}, "consumer_required": true})
	report, err := Explain(config, goodToken(), func(string) ([]byte, error) { return jwks(jwk("k1", rsaKey(), nil)), nil }, testNow)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Lookup{{"user-7", "username"}, {testClient, "username"}}, report.Lookups); diff != "" || !report.ConsumerRequired {
		t.Errorf("lookups (-want +got):\n%s", diff)
	}
	for _, row := range []struct {
		lookup              Lookup
		id, username, taken bool
	}{
		{Lookup{"ann", "username"}, false, true, true}, {Lookup{"i-1", "username"}, true, false, false}, {Lookup{"I-1", "id"}, true, false, true},
		{Lookup{"ann", ""}, false, true, true}, {Lookup{"bob", "username"}, false, false, false},
	} {
		if l := row.lookup; l.HasID("i-1") != row.id || l.HasUsername("ann") != row.username || l.Takes("i-1", "ann") != row.taken {
			t.Errorf("%+v: id %t, username %t, taken %t", l, l.HasID("i-1"), l.HasUsername("ann"), l.Takes("i-1", "ann"))
		}
	}
}

func TestExplainRefusesABadConfiguration(t *testing.T) {
	if _, err := Explain([]byte(`{"issuers":[]}`), goodToken(), nil, testNow); err == nil || !strings.Contains(err.Error(), "issuers") {
		t.Errorf("%v", err)
	}
}

func TestExplainLeavesTheCertificateToTheGateway(t *testing.T) {
	bound := goodClaims(members{"cnf": members{"x5t#S256": b64(make([]byte, 32))}})
	config := explainConfig(members{"sender_constraint": "required", "client_cert_header": "X-Client-Cert", "trusted_peers": []string{"10.0.0.0/8"}})
	report, err := Explain(config, mint(header(nil), bound, rsaKey()), func(string) ([]byte, error) { return jwks(jwk("k1", rsaKey(), nil)), nil }, testNow)
	if err != nil || report.Reason != "ok" {
		t.Fatalf("%+v, %v", report, err)
	}
	for _, step := range report.Steps {
		if (step.Check == "certificate") != (step.Verdict == StepSkipped) {
			t.Errorf("%+v", step)
		}
	}
}

func TestExplainAgreesWithThePlugin(t *testing.T) {
	set := jwks(jwk("k1", rsaKey(), nil))
	for name, token := range map[string]string{
		"good": goodToken(), "forged": mint(header(nil), goodClaims(nil), otherRSA()), "no kid": mint(header(members{"kid": nil}), goodClaims(nil), rsaKey()),
		"expired": mint(header(nil), goodClaims(members{"exp": 1}), rsaKey()), "crit": mint(header(members{"crit": []string{"x"}}), goodClaims(nil), rsaKey()),
		"nothing": "", "dots": "..", "aud": mint(header(nil), goodClaims(members{"aud": nil}), rsaKey()),
	} {
		report, err := Explain(explainConfig(nil), token, func(string) ([]byte, error) { return set, nil }, testNow)
		if err != nil {
			t.Fatal(err)
		}
		if v := testPolicy().verify(token, []*keySet{keysOf(t, jwk("k1", rsaKey(), nil)), nil}, testNow); report.Reason != string(v.reason) {
			t.Errorf("%s: explained as %s, refused as %s", name, report.Reason, v.reason)
		}
	}
}
