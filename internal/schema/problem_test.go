package schema

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestProblemsNameTheirPlace(t *testing.T) {
	rows := []struct {
		name, config string
		want         []string
	}{
		{"a value out of range, in an element that has a name", `{"tiers":[{"name":"free","tps":0}]}`,
			[]string{"tiers.free.tps: must be between 1 and 1000000, got 0"}},
		{"a value missing, in an element that has none", `{"tiers":[{"name":"free"},{}]}`,
			[]string{"tiers[2].name: is required"}},
		{"an element's name that would not read as a path", `{"tiers":[{"name":"a.b","tps":0}]}`,
			[]string{"tiers[1].tps: must be between 1 and 1000000, got 0"}},
		{"a value not allowed", `{"tags":["a"],"mode":"loose"}`,
			[]string{`mode: must be one of lax, strict, got "loose"`}},
		{"a required value that is null", `{"tags":["a"],"mode":null}`, []string{"mode: is required"}},
		{"a record that is null", `{"tags":["a"],"redis":null}`, []string{"redis: is required"}},
		{"an element that is null", `{"tags":[null]}`, []string{"tags[1]: must be a string, got null"}},
		{"a number at the bound it must exceed", `{"tags":["a"],"ratio":0}`, []string{"ratio: must be greater than 0, got 0"}},
		{"an empty string", `{"tags":["a"],"redis":{"host":""}}`, []string{`redis.host: must have at least 1 characters, got ""`}},
		{"a string too long", `{"tags":["a"],"prefix":"abcdefghijk"}`, []string{`prefix: must have at most 10 characters, got "abcdefghijk"`}},
		{"a list too long", `{"tags":["a","a","b","c"]}`, []string{"tags: must have at most 3 elements, got a list of 4"}},
		{"a pattern not matched, in a map", `{"tags":["a"],"claims":{"sub":"X Sub"}}`,
			[]string{`claims.sub: must match the Lua pattern ^[%w-]+$, got "X Sub"`}},
		{"a name that is not allowed, in a map", `{"tags":["a"],"claims":{"":"X"}}`,
			[]string{`claims.: must have at least 1 characters, got ""`}},
		{"an integer with a fraction", `{"tags":["a"],"quota":1.5}`, []string{"quota: must be an integer, got 1.5"}},
		{"an integer beyond 64 bits", `{"tags":["a"],"quota":1e19}`, []string{"quota: must be an integer, got 1e19"}},
		{"a number beyond floats", `{"tags":["a"],"ratio":1e999}`, []string{"ratio: must be a number, got 1e999"}},
		{"values of another kind", `{"tags":"a","mode":1,"redis":[],"tiers":7,"claims":"x","quota":"1","ratio":true}`, []string{
			"mode: must be a string, got 1", "ratio: must be a number, got true", "redis: must be a record, got a list",
			"tiers: must be a list, got a number", "tags: must be a list, got a string",
			"claims: must be a map, got a string", `quota: must be an integer, got "1"`,
		}},
		{"unknown fields, with the known ones", `{"tags":["a"],"redis":{"hots":"x"}}`,
			[]string{"redis.hots: is not a known field; known are host, timeout, password, ssl"}},
		{"none of several fields", `{}`, []string{"needs at least one of tiers, tags"}},
		{"only empty ones of several fields", `{"tags":[],"tiers":{}}`, []string{"needs at least one of tiers, tags"}},
		{"a field that another one demands", `{"tags":["a"],"mode":"strict"}`, []string{`fallback: is required when mode is "strict"`}},
		{"what only Go can check", `{"tags":["a"],"prefix":"forbidden"}`, []string{"prefix: must not be forbidden"}},
		{"a message cut between characters, not within one", `{"tags":["a"],"prefix":"` + strings.Repeat("é", 40) + `"}`,
			[]string{`prefix: must have at most 10 characters, got "` + strings.Repeat("é", 29) + `…`}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, problemsOf(t, row.config)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestErrorListsAllProblemsAtOnce(t *testing.T) {
	var c config
	err := sample().Config.Decode([]byte(`{"mode":"x","tiers":[{"tps":0},{"name":"b","burst":"y"}],"zzz":1}`), &c)
	const want = `mode: must be one of lax, strict, got "x"; tiers[1].name: is required; ` +
		`tiers[1].tps: must be between 1 and 1000000, got 0; tiers.b.burst: must be an integer, got "y"; ` +
		`zzz: is not a known field; known are mode, prefix, ratio, redis, fallback, tiers, tags, claims, secrets, quota`
	if err == nil || err.Error() != want {
		t.Errorf("error\n%v, want\n%s", err, want)
	}
}

func TestProblemsNeverShowASecret(t *testing.T) {
	for name, text := range map[string]string{
		"too short":                     `{"redis":{"password":"hunter2"}}`,
		"in a list, too short":          `{"secrets":["hunter2"]}`,
		"in place of a list of secrets": `{"secrets":"hunter2"}`,
		"in place of a record":          `{"redis":"redis://u:hunter2@r"}`,
		"under an unknown name":         `{"redis":{"passwort":"hunter2"}}`,
		"of another kind":               `{"redis":{"password":["hunter2"]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			all := strings.Join(problemsOf(t, text), "; ")
			if !strings.Contains(all, "redis") && !strings.Contains(all, "secrets") {
				t.Errorf("no problem was found with the secret: %s", all)
			}
			if strings.Contains(all, "hunter2") {
				t.Errorf("the secret is shown: %s", all)
			}
		})
	}
}

func TestConditional(t *testing.T) {
	record := func(c Conditional) Record {
		c.IfField, c.ThenField = "policy", "host"
		return Record{
			Fields: []Field{{Name: "policy", Kind: String}, {Name: "host", Kind: String}},
			Checks: []Check{{Conditional: &c}},
		}
	}
	required, isRedis := Rules{Required: true}, Rules{Eq: "redis"}
	rows := []struct {
		name    string
		check   Conditional
		config  string
		problem string
	}{
		{"the condition holds and the field is there", Conditional{IfMatch: isRedis, ThenMatch: required}, `{"policy":"redis","host":"h"}`, ""},
		{"the condition holds and the field is absent", Conditional{IfMatch: isRedis, ThenMatch: required}, `{"policy":"redis"}`, `host: is required when policy is "redis"`},
		{"the condition does not hold", Conditional{IfMatch: isRedis, ThenMatch: required}, `{"policy":"local"}`, ""},
		{"an absent value equals nothing", Conditional{IfMatch: isRedis, ThenMatch: required}, `{}`, ""},
		{"an absent value satisfies any other rule, as in Kong", Conditional{IfMatch: Rules{OneOf: []string{"redis"}}, ThenMatch: required}, `{}`, "host: is required when policy is null"},
		{"the field has another value", Conditional{IfMatch: isRedis, ThenMatch: Rules{Eq: "h"}}, `{"policy":"redis","host":"g"}`, `host: must be h when policy is "redis"`},
		{"the field has no value", Conditional{IfMatch: isRedis, ThenMatch: Rules{Eq: "h"}}, `{"policy":"redis"}`, `host: must be h when policy is "redis"`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var into struct {
				Policy string `json:"policy"`
				Host   string `json:"host"`
			}
			got := ""
			if err := record(row.check).Decode([]byte(row.config), &into); err != nil {
				got = err.Error()
			}
			if got != row.problem {
				t.Errorf("problem %q, want %q", got, row.problem)
			}
		})
	}
}
