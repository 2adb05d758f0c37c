package jwksverify

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/internal/httpheader"
)

func testGuarded() *guarded {
	g := newGuarded(&Config{ClaimsToHeaders: []ClaimHeader{
		{Claim: "scope", Header: "X-Token-Scope"}, {Claim: "tenant", Header: "X_Tenant"}, {Claim: "plan", Header: "Plan"}, {Claim: "seat", Header: "_Seat"},
	}})
	return &g
}

func TestConnectionMayNotNameGuardedHeaders(t *testing.T) {
	for name, row := range map[string]struct {
		lines   []string
		refused bool
	}{
		"no line":                              {nil, false},
		"the usual one":                        {[]string{"keep-alive"}, false},
		"a list of others":                     {[]string{"keep-alive, Upgrade,, x-consumer,", "x-token, not-x-consumer-id"}, false},
		"one that tells identity":              {[]string{"X-Consumer-ID"}, true},
		"the last in a list":                   {[]string{"close,X-Credential-Identifier"}, true},
		"on a second line":                     {[]string{"close", "x-consumer-username"}, true},
		"with underscores":                     {[]string{"X_Consumer_ID"}, true},
		"in space as Lua trims it":             {[]string{"close, \v\f\tx-consumer-custom-id\t "}, true},
		"what later plugins set: scopes":       {[]string{"x-authenticated-scope"}, true},
		"what later plugins set: nobody":       {[]string{"X-Anonymous-Consumer"}, true},
		"what later plugins set: a group":      {[]string{"x-consumer-groups"}, true},
		"one that a claim goes into":           {[]string{"x-token-scope"}, true},
		"the same with underscores":            {[]string{"X_Token_Scope"}, true},
		"one configured with an underscore":    {[]string{"x-tenant"}, true},
		"one that begins with another letter":  {[]string{"PLAN"}, true},
		"one that begins with an underscore":   {[]string{"-seat"}, true},
		"an empty one":                         {[]string{""}, false},
		"one that begins like a claim's":       {[]string{"x-token-scopes"}, false},
		"one that ends like a claim's, spaced": {[]string{"my x-tenant"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := testGuarded().strippedBy(row.lines); got != row.refused {
				t.Errorf("refused: %t, want %t", got, row.refused)
			}
		})
	}
}

func TestTheClientsCopiesOfGuardedHeadersAreFoundInEachSpelling(t *testing.T) {
	headers := map[string][]string{}
	for _, name := range []string{"x-token-scope", "x_token_scope", "x_token-scope", "x-tenant", "x_tenant", "x-consumer-id", "tenant", "x-token", "host", "plan", "_seat"} {
		headers[name] = []string{"forged"}
	}
	want := []string{"_seat", "plan", "x-consumer-id", "x-tenant", "x-token-scope", "x_tenant", "x_token-scope", "x_token_scope"}
	if diff := cmp.Diff(want, testGuarded().forged(httpheader.FromMap(headers))); diff != "" {
		t.Errorf("forged (-want +got):\n%s", diff)
	}
}

func TestLookingAtTheUsualConnectionDoesNotAllocate(t *testing.T) {
	connection, g := []string{"keep-alive"}, testGuarded()
	if n := testing.AllocsPerRun(100, func() { g.strippedBy(connection) }); n != 0 {
		t.Errorf("%v allocations a request", n)
	}
}
