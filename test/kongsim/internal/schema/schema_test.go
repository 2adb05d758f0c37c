package schema

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const plugin = `{"name": "p", "fields": [
	{"protocols": {"type": "set"}},
	{"config": {"type": "record", "fields": [
		{"mode": {"type": "string", "default": "enforce", "required": true}},
		{"note": {"type": "string", "default": "x"}},
		{"zero": {"type": "integer", "default": 0}},
		{"off": {"type": "boolean", "default": false}},
		{"names": {"type": "array", "elements": {"type": "string"}, "default": ["a"]}},
		{"none": {"type": "set", "elements": {"type": "string"}, "default": []}},
		{"optional": {"type": "record", "required": false, "fields": [{"a": {"type": "integer", "default": 1}}]}},
		{"implicit": {"type": "record", "fields": [{"a": {"type": "integer", "default": 1}},
			{"password": {"type": "string", "referenceable": true}}]}},
		{"rules": {"type": "array", "elements": {"type": "record", "fields": [
			{"header": {"type": "string"}}, {"status": {"type": "integer", "default": 400}}]}}},
		{"tiers": {"type": "map", "values": {"type": "record", "fields": [{"tps": {"type": "integer", "default": 5}}]}}}
	]}}
]}`

func fill(t *testing.T, config map[string]any) (map[string]any, error) {
	t.Helper()
	s, err := Parse([]byte(plugin))
	if err != nil {
		t.Fatal(err)
	}
	return s.Fill(config)
}

// defaults are those of the plugin above, changed.
func defaults(change func(map[string]any)) map[string]any {
	all := map[string]any{
		"mode": "enforce", "note": "x", "zero": 0.0, "off": false, "names": []any{"a"}, "none": []any{},
		"implicit": map[string]any{"a": 1.0},
	}
	change(all)
	return all
}

func TestFill(t *testing.T) {
	t.Setenv("REDIS_PASSWORD", "hush")
	for _, row := range []struct {
		name   string
		config map[string]any
		want   map[string]any
	}{
		{"nothing gives every default, implicit records included", nil, defaults(func(map[string]any) {})},
		{"null suppresses a default", map[string]any{"note": nil, "implicit": map[string]any{"a": nil}},
			defaults(func(m map[string]any) {
				delete(m, "note")
				m["implicit"] = map[string]any{}
			})},
		{"null on a required field does not", map[string]any{"mode": nil}, defaults(func(map[string]any) {})},
		{"null on an implicitly required record does not", map[string]any{"implicit": nil}, defaults(func(map[string]any) {})},
		{"an optional record is filled once it is there", map[string]any{"optional": map[string]any{}},
			defaults(func(m map[string]any) { m["optional"] = map[string]any{"a": 1.0} })},
		{"records in lists and maps are filled",
			map[string]any{"rules": []any{map[string]any{"header": "h"}}, "tiers": map[string]any{"free": map[string]any{}}},
			defaults(func(m map[string]any) {
				m["rules"] = []any{map[string]any{"header": "h", "status": 400.0}}
				m["tiers"] = map[string]any{"free": map[string]any{"tps": 5.0}}
			})},
		{"a reference is resolved and kept", map[string]any{"implicit": map[string]any{"password": "{vault://env/redis-password}"}},
			defaults(func(m map[string]any) {
				m["implicit"] = map[string]any{
					"a": 1.0, "password": "hush", "$refs": map[string]any{"password": "{vault://env/redis-password}"},
				}
			})},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := fill(t, row.config)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("config (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFillNamesEveryProblem(t *testing.T) {
	_, err := fill(t, map[string]any{
		"moode": "x", "names": "a", "tiers": []any{1.0}, "rules": []any{map[string]any{"statu%s": 1.0}, "x"},
		"implicit": map[string]any{"password": "{vault://hcv/x}"},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"config.moode: unknown field",
		"config.names: expected a list, got a string",
		"config.tiers: expected a map, got a table",
		"config.rules[0].statu%s: unknown field",
		"config.rules[1]: expected a record, got a string",
		`config.implicit.password: kongsim resolves {vault://env/NAME} only, got "{vault://hcv/x}"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
}

func TestParseRefusesWhatIsNoSchema(t *testing.T) {
	for _, dump := range []string{``, `[]`, `{}`, `{"fields": [{"name": {"type": "string"}}]}`, `{"fields": [{"config": {"fields": [{"a": null}]}}]}`} {
		if _, err := Parse([]byte(dump)); err == nil {
			t.Errorf("no error for %s", dump)
		}
	}
}
