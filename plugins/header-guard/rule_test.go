package headerguard

import (
	"fmt"
	"strings"
	"testing"

	"tollgate/internal/httpheader"
)

func TestOneRule(t *testing.T) {
	for _, row := range []struct {
		name, rule string
		headers    headers
		want       Reason
	}{
		{"a sound value passes", `"match":"^[a-z]+$"`, headers{"x-tenant": {"acme"}}, ""},
		{"no line is missing", ``, headers{"x-other": {"acme"}}, Missing},
		{"no header at all is missing", ``, nil, Missing},
		{"an empty list is missing", ``, headers{"x-tenant": {}}, Missing},
		{"missing, and not required", `"required":false`, headers{"x-other": {"acme"}}, ""},
		{"an empty value is blank", ``, headers{"x-tenant": {""}}, Blank},
		{"spaces are blank, as a F5 erases", ``, headers{"x-tenant": {"    "}}, Blank},
		{"tabs are blank", ``, headers{"x-tenant": {" \t\t "}}, Blank},
		{"blank though not required: it came", `"required":false`, headers{"x-tenant": {" "}}, Blank},
		{"a no-break space is a value", ``, headers{"x-tenant": {"\u00a0"}}, ""},
		{"a value outside the pattern", `"match":"^[a-z]+$"`, headers{"x-tenant": {"ACME"}}, Pattern},
		{"outside the pattern though not required", `"required":false,"match":"^[a-z]+$"`, headers{"x-tenant": {"ACME"}}, Pattern},
		{"a line feed after the value does not count as its end", `"match":"^[a-z]+$"`, headers{"x-tenant": {"acme\n"}}, Pattern},
		{"a pattern is not anchored", `"match":"me"`, headers{"x-tenant": {"acme"}}, ""},
		{"bytes that are not UTF-8", ``, headers{"x-tenant": {"acm\xe9"}}, NotUTF8},
		{"one of the values", `"one_of":["acme","umbrella"]`, headers{"x-tenant": {"umbrella"}}, ""},
		{"none of the values", `"one_of":["acme","umbrella"]`, headers{"x-tenant": {"Acme"}}, NotAllowed},
		{"as short as allowed", `"min_length":4`, headers{"x-tenant": {"acme"}}, ""},
		{"too short", `"min_length":5`, headers{"x-tenant": {"acme"}}, TooShort},
		{"as long as allowed", `"max_length":4`, headers{"x-tenant": {"acme"}}, ""},
		{"too long", `"max_length":3`, headers{"x-tenant": {"acme"}}, TooLong},
		{"length is in bytes", `"max_length":4`, headers{"x-tenant": {"ácme"}}, TooLong},
		{"two lines of a header that is no list", ``, headers{"x-tenant": {"acme", "acme"}}, Duplicate},
		{"two lines where two are allowed", `"max_count":2`, headers{"x-tenant": {"acme", "other"}}, ""},
		{"three lines where two are allowed", `"max_count":2`, headers{"x-tenant": {"acme", "other", "more"}}, Duplicate},
		{"a blank one among sound values", `"max_count":2`, headers{"x-tenant": {"acme", " "}}, Blank},
		{"the first line at fault gives the reason", `"max_count":2,"match":"^[a-z]+$"`, headers{"x-tenant": {"ACME", ""}}, Pattern},
		{"the alias with underscores in its place", ``, headers{"x_tenant": {"acme"}}, Alias},
		{"the alias beside it", ``, headers{"x_tenant": {"acme"}, "x-tenant": {"acme"}}, Alias},
		{"an alias though not required", `"required":false`, headers{"x_tenant": {"acme"}}, Alias},
		{"another header with an underscore", ``, headers{"x_tenants": {"acme"}, "x-tenant": {"acme"}}, ""},
		{"a header that Connection takes off", ``, headers{"x-tenant": {"acme"}, "connection": {"X-Tenant"}}, HopByHop},
		{"one that Connection takes off among others", ``, headers{"x-tenant": {"acme"}, "connection": {"keep-alive", "te,, \v\tX-TENANT \t"}}, HopByHop},
		{"one that is taken off, whatever its value", ``, headers{"x-tenant": {""}, "connection": {"x-tenant"}}, HopByHop},
		{"one that Connection names and that never came is missing", ``, headers{"connection": {"x-tenant"}}, Missing},
		{"a Connection that names others", ``, headers{"x-tenant": {"acme"}, "connection": {"keep-alive, x-tenants, x", "x_tenant"}}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			more := ""
			if row.rule != "" {
				more = "," + row.rule
			}
			g := guardOf(t, fmt.Sprintf(`{"refuse_hop_by_hop":false,"rules":[{"header":"X-Tenant"%s}]}`, more))
			var want []string
			if row.want != "" {
				want = []string{"rules[1] x-tenant " + string(row.want)}
			}
			requireFound(t, want, g.found(row.headers))
		})
	}
}

func TestARuleForAHeaderWithUnderscoresHasAliasesToo(t *testing.T) {
	g := guardOf(t, `{"rules":[{"header":"x_api_key"}]}`)
	for name, want := range map[string][]string{
		"x_api_key": nil, "x-api-key": {"rules[1] x_api_key alias"}, "x_api-key": {"rules[1] x_api_key alias"},
	} {
		requireFound(t, want, g.found(headers{name: {"k"}}))
	}
}

func TestHowManyLinesMayComeIsUsual(t *testing.T) {
	for header, allowed := range map[string]bool{
		"authorization": false, "x-tenant": false, "x-forwarded-proto": false, "content-type": false, "traceparent": false,
		"accept": true, "Via": true, "Sec-WebSocket-Protocol": true, "cdn-loop": true, "signature": true, "sec-websocket-key": false, "X-Forwarded-For": true, "cookie": true, "Forwarded": true,
	} {
		g := guardOf(t, fmt.Sprintf(`{"rules":[{"header":%q}]}`, header))
		if got := g.found(headers{strings.ToLower(header): {"a", "b"}}) == nil; got != allowed {
			t.Errorf("two lines of %s are allowed: %t, want %t", header, got, allowed)
		}
	}
}

func TestUpgradeGoesOnThoughConnectionNamesIt(t *testing.T) {
	g := guardOf(t, `{"rules":[{"header":"Upgrade","match":"^websocket$"}]}`)
	requireFound(t, nil, g.found(headers{"connection": {"keep-alive, Upgrade"}, "upgrade": {"websocket"}}))
}

func TestTheValueAtFaultIsKeptForItsFingerprint(t *testing.T) {
	for rule, want := range map[string]string{
		`"match":"^[a-z]$","max_count":3`: "BAD", `"max_count":1`: "BAD", `"max_count":3,"max_length":2`: "BAD",
	} {
		q, _ := survey(httpheader.FromMap(headers{"x": {"a", "BAD", "b"}}))
		found := guardOf(t, `{"rules":[{"header":"x",`+rule+`}]}`).examine(q)
		if len(found) != 1 || found[0].value != want || !found[0].came {
			t.Errorf("%s: %+v, want the value %s", rule, found, want)
		}
	}
}
