package jwksverify

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestRequiredClaims(t *testing.T) {
	for name, row := range map[string]struct {
		required RequiredClaim
		claims   members
		want     reason
	}{
		"present is enough":                 {RequiredClaim{Claim: "env"}, members{"env": ""}, reasonOK},
		"false is present":                  {RequiredClaim{Claim: "env"}, members{"env": false}, reasonOK},
		"an empty object is present":        {RequiredClaim{Claim: "env"}, members{"env": members{}}, reasonOK},
		"absent":                            {RequiredClaim{Claim: "env"}, nil, reasonClaim},
		"null is absent":                    {RequiredClaim{Claim: "env"}, members{"env": (*int)(nil)}, reasonClaim},
		"another case is absent":            {RequiredClaim{Claim: "env"}, members{"ENV": "prod"}, reasonClaim},
		"one of the values":                 {RequiredClaim{"env", []string{"test", "prod"}}, members{"env": "prod"}, reasonOK},
		"another value":                     {RequiredClaim{"env", []string{"test", "prod"}}, members{"env": "production"}, reasonClaim},
		"the value in another case":         {RequiredClaim{"env", []string{"prod"}}, members{"env": "Prod"}, reasonClaim},
		"one of the values in an array":     {RequiredClaim{"env", []string{"prod"}}, members{"env": []any{1, "prod"}}, reasonOK},
		"none of the values in an array":    {RequiredClaim{"env", []string{"prod"}}, members{"env": []any{"a", []string{"prod"}}}, reasonClaim},
		"an empty array":                    {RequiredClaim{"env", []string{"prod"}}, members{"env": []any{}}, reasonClaim},
		"an object has no value":            {RequiredClaim{"env", []string{"prod"}}, members{"env": members{"prod": true}}, reasonClaim},
		"a boolean as a word":               {RequiredClaim{"admin", []string{"true"}}, members{"admin": true}, reasonOK},
		"the other boolean":                 {RequiredClaim{"admin", []string{"true"}}, members{"admin": false}, reasonClaim},
		"a number as it is written":         {RequiredClaim{"level", []string{"3"}}, members{"level": 3}, reasonOK},
		"the same number, written longer":   {RequiredClaim{"level", []string{"3"}}, members{"level": json.Number("3.0")}, reasonClaim},
		"a number that no float64 tells":    {RequiredClaim{"id", []string{"9007199254740993"}}, members{"id": json.Number("9007199254740992")}, reasonClaim},
		"a path":                            {RequiredClaim{"a.b.c", []string{"x"}}, members{"a": members{"b": members{"c": "x"}}}, reasonOK},
		"a path that ends early":            {RequiredClaim{Claim: "a.b.c"}, members{"a": members{"b": "x"}}, reasonClaim},
		"a path that leads into an array":   {RequiredClaim{Claim: "a.0"}, members{"a": []string{"x"}}, reasonClaim},
		"a path to null":                    {RequiredClaim{Claim: "a.b"}, members{"a": members{"b": (*int)(nil)}}, reasonClaim},
		"a claim with dots in its name":     {RequiredClaim{"https://a.test/env", []string{"prod"}}, members{"https://a.test/env": "prod"}, reasonOK},
		"a claim with dots before its path": {RequiredClaim{"a.b", []string{"x"}}, members{"a.b": "x", "a": members{"b": "y"}}, reasonOK},
	} {
		t.Run(name, func(t *testing.T) {
			p := policyWith(func(c *Config) { c.RequiredClaims = []RequiredClaim{row.required} })
			checkTokens(t, p, map[string]tokenRow{"token": {with(row.claims), row.want}})
		})
	}
}

func TestAllRequiredClaimsAreNeeded(t *testing.T) {
	p := policyWith(func(c *Config) { c.RequiredClaims = []RequiredClaim{{Claim: "a"}, {Claim: "b"}} })
	checkTokens(t, p, map[string]tokenRow{
		"both":       {with(members{"a": 1, "b": 2}), reasonOK},
		"the first":  {with(members{"a": 1}), reasonClaim},
		"the second": {with(members{"b": 1}), reasonClaim},
	})
}

func TestTheProfileOfRFC9068(t *testing.T) {
	p := policyWith(func(c *Config) { c.Issuers[0].Profile = profileRFC9068 })
	access := func(more members) string {
		return mint(header(members{"typ": "at+jwt"}), goodClaims(without(members{"jti": "1"}, more)), rsaKey())
	}
	rows := map[string]tokenRow{
		"all there":                       {access(nil), reasonOK},
		"the long form of its typ":        {mint(header(members{"typ": "application/at+jwt"}), goodClaims(members{"jti": "1"}), rsaKey()), reasonOK},
		"typ JWT":                         {with(members{"jti": "1"}), reasonType},
		"no typ":                          {mint(header(members{"typ": nil}), goodClaims(members{"jti": "1"}), rsaKey()), reasonType},
		"no exp":                          {mint(header(members{"typ": "at+jwt"}), goodClaims(members{"jti": "1", "exp": nil}), rsaKey()), reasonMalformed},
		"no aud":                          {mint(header(members{"typ": "at+jwt"}), goodClaims(members{"jti": "1", "aud": nil}), rsaKey()), reasonAudience},
		"the other issuer has no profile": {mint(header(nil), goodClaims(members{"iss": "https://other.example.test"}), otherRSA()), reasonOK},
		"a jti that is a number":          {access(members{"jti": 1}), reasonClaim},
		"a sub that is empty":             {access(members{"sub": ""}), reasonClaim},
	}
	for _, name := range []string{"sub", "client_id", "iat", "jti"} {
		claims := goodClaims(members{"jti": "1"})
		delete(claims, name)
		rows["no "+name] = tokenRow{mint(header(members{"typ": "at+jwt"}), claims, rsaKey()), reasonClaim}
	}
	checkTokens(t, p, rows)
	noAudience := policyWith(func(c *Config) {
		c.Issuers[0].Profile, c.Issuers[0].Audiences, c.Issuers[0].InsecureAnyAudience = profileRFC9068, nil, true
	})
	checkTokens(t, noAudience, map[string]tokenRow{
		"any audience is still one": {mint(header(members{"typ": "at+jwt"}), goodClaims(members{"jti": "1", "aud": nil}), rsaKey()), reasonClaim},
	})
}

// FuzzClaimPath looks for panics, and for values found that are not there.
func FuzzClaimPath(f *testing.F) {
	f.Add("a.b", []byte(`{"a":{"b":1}}`))
	f.Add("https://a.test/x", []byte(`{"https://a.test/x":[]}`))
	f.Add("..", []byte(`{"":{"":{"":null}}}`))
	f.Fuzz(func(t *testing.T, dotted string, payload []byte) {
		object, err := readObject(payload)
		if err != nil {
			return
		}
		value, found := newClaimPath(dotted).in(object)
		if found == (value == nil) {
			t.Errorf("found: %t, with %v", found, value)
		}
		first, _, _ := strings.Cut(dotted, ".")
		if found && object[dotted] == nil && object[first] == nil {
			t.Errorf("found %v under %q", value, dotted)
		}
	})
}
