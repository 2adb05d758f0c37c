package schema

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func ptr[T any](v T) *T { return &v }

// defaults is the sample's configuration where only tags are given.
func defaults() config {
	return config{
		Mode: "lax", Ratio: 0.5, Tags: []string{"a"},
		Redis: redis{Host: "127.0.0.1", Timeout: 50},
	}
}

func TestDecode(t *testing.T) {
	with := func(change func(*config)) config {
		c := defaults()
		change(&c)
		return c
	}
	rows := []struct {
		name, config string
		want         config
	}{
		{"absent values become their defaults", `{"tags":["a"]}`, defaults()},
		{"an absent record is filled in, an optional one is not", `{"tags":["a"]}`,
			with(func(c *config) { c.Redis, c.Fallback = redis{Host: "127.0.0.1", Timeout: 50}, nil })},
		{"a record that is there is filled up", `{"tags":["a"],"redis":{"host":"r"}}`,
			with(func(c *config) { c.Redis = redis{Host: "r", Timeout: 50} })},
		{"an optional record that is there is filled up", `{"tags":["a"],"fallback":{"url":"http://x"}}`,
			with(func(c *config) { c.Fallback = &fallback{URL: "http://x", Retries: 2} })},
		{"records in a list are filled up", `{"tiers":[{"name":"free"}]}`,
			with(func(c *config) { c.Tags, c.Tiers = nil, []tier{{Name: "free", TPS: 10}} })},
		{"an explicit null suppresses the default", `{"tags":["a"],"ratio":null,"redis":{"timeout":null}}`,
			with(func(c *config) { c.Ratio, c.Redis.Timeout = 0, 0 })},
		{"zero is not absent", `{"tags":["a"],"quota":0}`,
			with(func(c *config) { c.Quota = ptr[int64](0) })},
		{"an empty string is let through where it is the default", `{"tags":["a"],"prefix":""}`, defaults()},
		{"Lua's empty table stands for an empty list", `{"tags":["a"],"tiers":{}}`,
			with(func(c *config) { c.Tiers = []tier{} })},
		{"Lua's empty table stands for an empty map", `{"tags":["a"],"claims":[]}`,
			with(func(c *config) { c.Claims = map[string]string{} })},
		{"a map keeps its names", `{"tags":["a"],"claims":{"sub":"X-Sub"}}`,
			with(func(c *config) { c.Claims = map[string]string{"sub": "X-Sub"} })},
		{"Kong's own members are dropped",
			`{"tags":["a"],"__seq__":7,"__plugin_id":"p","__key__":"k","__ws_id":"w","route_id":"r","service_id":"s",
			  "consumer_id":"c","consumer_group_id":"g","plugin_instance_name":"n","$refs":{"x":1}}`, defaults()},
		{"references are dropped at any depth", `{"redis":{"$refs":{"password":"{vault://env/p}"}},"tiers":[{"name":"free","$refs":{}}]}`,
			with(func(c *config) { c.Tags, c.Tiers = nil, []tier{{Name: "free", TPS: 10}} })},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, decode(t, row.config)); diff != "" {
				t.Errorf("configuration (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeReadsIntegersHoweverKongWritesThem(t *testing.T) {
	for written, want := range map[string]int64{
		"7": 7, "7.0": 7, "1e+03": 1000, "1e+16": 10_000_000_000_000_000, "-1E2": -100,
		"9007199254740993":    9_007_199_254_740_993,
		"9223372036854775807": 9_223_372_036_854_775_807,
	} {
		c := decode(t, `{"tags":["a"],"quota":`+written+`}`)
		if c.Quota == nil || *c.Quota != want {
			t.Errorf("quota %s was read as %v, want %d", written, c.Quota, want)
		}
	}
}

func TestDecodeDoesNotShareDefaults(t *testing.T) {
	r := Record{Fields: []Field{{Name: "list", Kind: Array, Default: []string{"a"}, Elements: &Field{Kind: String}}}}
	type lists struct {
		List []string `json:"list"`
	}
	var one, other lists
	if err := r.Decode([]byte(`{}`), &one); err != nil {
		t.Fatal(err)
	}
	one.List[0] = "changed"
	if err := r.Decode([]byte(`{}`), &other); err != nil {
		t.Fatal(err)
	}
	if other.List[0] != "a" {
		t.Errorf("the default became %q", other.List[0])
	}
}

func TestDecodeRefusesWhatIsNoObject(t *testing.T) {
	for _, text := range []string{``, `null`, `[]`, `"x"`, `7`, `{`, `{}{}`, `{} x`} {
		var c config
		if err := sample().Config.Decode([]byte(text), &c); err == nil {
			t.Errorf("Decode(%q) had no error", text)
		}
		if _, err := Canonical([]byte(text)); err == nil {
			t.Errorf("Canonical(%q) had no error", text)
		}
	}
}

func TestCanonicalIsEqualForEqualContent(t *testing.T) {
	const want = `{"a":1,"b":{"c":[1,2],"d":"x"}}`
	for _, text := range []string{
		`{"a":1,"b":{"c":[1,2],"d":"x"}}`,
		`{"b":{"d":"x","c":[1,2]},"a":1}`,
		`{ "b" : {"d":"x","$refs":{"d":"{vault://env/d}"},"c":[1, 2]}, "__seq__":3, "route_id":"r", "a":1 }`,
	} {
		got, err := Canonical([]byte(text))
		if err != nil || string(got) != want {
			t.Errorf("Canonical(%s) = %s, %v, want %s", text, got, err, want)
		}
	}
	if got, _ := Canonical([]byte(`{"a":1,"b":{"c":[2,1],"d":"x"}}`)); string(got) == want {
		t.Error("another order of a list gave the same bytes")
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"tags":["a"]}`, `null`, `{"tiers":[{"name":"free","tps":1e+03}],"claims":{"a":"b"}}`, `{"redis":null,"fallback":{"url":3}}`,
		`{"tiers":{},"tags":{},"claims":[]}`, `{"mode":"strict"}`, `{"quota":1e999}`, `{"secrets":["short",null]}`, `{"prefix":"\ud800"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var c config
		if err := sample().Config.Decode(data, &c); err != nil {
			return
		}
		if len(c.Tiers)+len(c.Tags) == 0 || c.Redis.Timeout < 0 || c.Redis.Timeout > 1000 {
			t.Errorf("an invalid configuration was let through: %s", data)
		}
		one, err := Canonical(data)
		if err != nil {
			t.Fatalf("valid, but without a canonical form: %v", err)
		}
		if two, err := Canonical(one); err != nil || string(two) != string(one) {
			t.Errorf("the canonical form of %s is %s, %v", one, two, err)
		}
	})
}

// validating is a configuration with a rule of its own.
type validating struct {
	Count int    `json:"count"`
	Name  string `json:"name"`
}

func (v *validating) Validate() error {
	var p Problems
	if v.Name != "good" {
		p.Add("name", "must be good")
	}
	return p.Err()
}

func TestTheSchemasProblemsAndTheStructsOwnAreToldTogether(t *testing.T) {
	record := Record{Fields: []Field{
		{Name: "count", Kind: Integer, Rules: Rules{Between: Between(1, 9)}},
		{Name: "name", Kind: String},
	}}
	for config, want := range map[string]string{
		`{"count":10,"name":"bad"}`:  `count: must be between 1 and 9, got 10; name: must be good`,
		`{"count":1,"name":"bad"}`:   `name: must be good`,
		`{"count":"x","name":"bad"}`: `count: must be an integer`, // what does not decode cannot be asked
	} {
		if err := record.Decode([]byte(config), &validating{}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %q", config, err, want)
		}
	}
}
