package headerguard

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/internal/plugin"
)

func TestConfigDefaults(t *testing.T) {
	got, err := plugin.Decode[Config](Schema(), []byte(`{"rules":[{"header":"X-Tenant"}],"any_of":[{"headers":["Authorization","apikey"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Mode:  "enforce",
		Rules: []Rule{{Header: "X-Tenant", Status: 400}},
		AnyOf: []AnyOf{{Headers: []string{"Authorization", "apikey"}, Status: 400}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestConfigRefuses(t *testing.T) {
	const prefix = "configuration of header-guard: "
	rows := []struct{ name, config, want string }{
		{"nothing to guard", `{}`, "needs at least one of rules, any_of"},
		{"empty lists, as Kong refuses them", `{"rules":[],"any_of":{}}`, "needs at least one of rules, any_of"},
		{"an unknown mode", `{"mode":"warn","rules":[{"header":"a"}]}`, `mode: must be one of enforce, audit, got "warn"`},
		{"a rule without a header", `{"rules":[{"match":"x"}]}`, "rules[1].header: is required"},
		{"a header name with a space", `{"rules":[{"header":"x tenant"}]}`, `rules[1].header: must match the Lua pattern ^[%w_-]+$, got "x tenant"`},
		{"a header name with a colon", `{"rules":[{"header":"host:"}]}`, `rules[1].header: must match the Lua pattern ^[%w_-]+$, got "host:"`},
		{"a header name that nginx drops", `{"rules":[{"header":"x.tenant"}]}`, `rules[1].header: must match the Lua pattern ^[%w_-]+$, got "x.tenant"`},
		{"a status that is no error", `{"rules":[{"header":"a","status":399},{"header":"b","status":600}]}`,
			"rules[1].status: must be between 400 and 599, got 399; rules[2].status: must be between 400 and 599, got 600"},
		{"an expression that RE2 does not know", `{"rules":[{"header":"a"},{"header":"b","match":"(?=x)"}]}`,
			"rules[2].match: must be an RE2 expression: error parsing regexp: invalid or unsupported Perl syntax: `(?=`"},
		{"an empty expression", `{"rules":[{"header":"a","match":""}]}`, `rules[1].match: must have at least 1 characters, got ""`},
		{"a group of one header", `{"any_of":[{"headers":["a"]}]}`, "any_of[1].headers: must have at least 2 elements, got a list of 1"},
		{"a header in two rules", `{"rules":[{"header":"X-A"},{"header":"b"},{"header":"x-a"}]}`,
			"rules[3].header: must not repeat a header, x-a is in rules[1].header"},
		{"a header twice in a group", `{"any_of":[{"headers":["a","b"]},{"headers":["c","C"]}]}`,
			"any_of[2].headers[2]: must not repeat a header, c is in any_of[2].headers[1]"},
		{"everything at once", `{"rules":[{"header":"a","match":"("},{"header":"A","match":"["}]}`,
			"rules[1].match: must be an RE2 expression: error parsing regexp: missing closing ): `(`; " +
				"rules[2].header: must not repeat a header, a is in rules[1].header; " +
				"rules[2].match: must be an RE2 expression: error parsing regexp: missing closing ]: `[`"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, err := plugin.Decode[Config](Schema(), []byte(row.config))
			if err == nil || err.Error() != prefix+row.want {
				t.Errorf("error\n%v, want\n%s%s", err, prefix, row.want)
			}
		})
	}
}

func TestConfigAllowsAHeaderInARuleAndAGroup(t *testing.T) {
	_, err := plugin.Decode[Config](Schema(), []byte(`{"rules":[{"header":"x_a"},{"header":"x-a"}],"any_of":[{"headers":["x-a","b"]},{"headers":["x-a","c"]}]}`))
	if err != nil {
		t.Error(err)
	}
}
