package schema

import (
	"errors"
	"testing"
)

// config is what the sample decodes into.
type config struct {
	Mode     string            `json:"mode"`
	Prefix   string            `json:"prefix"`
	Ratio    float64           `json:"ratio"`
	Redis    redis             `json:"redis"`
	Fallback *fallback         `json:"fallback"`
	Tiers    []tier            `json:"tiers"`
	Tags     []string          `json:"tags"`
	Claims   map[string]string `json:"claims"`
	Secrets  []string          `json:"secrets"`
	Quota    *int64            `json:"quota"`
}

type redis struct {
	Host     string `json:"host"`
	Timeout  int    `json:"timeout"`
	Password string `json:"password"`
	SSL      bool   `json:"ssl"`
}

type fallback struct {
	URL     string `json:"url"`
	Retries int    `json:"retries"`
}

type tier struct {
	Name  string `json:"name"`
	TPS   int64  `json:"tps"`
	Burst *int64 `json:"burst"`
}

// Validate is the rule that no schema expresses, for the tests.
func (c *config) Validate() error {
	var p Problems
	if c.Prefix == "forbidden" {
		p.Add("prefix", "must not be forbidden")
	}
	return p.Err()
}

// sample has a field of each kind, each rule and each check.
func sample() Plugin {
	return Plugin{
		Name:       "sample",
		Protocols:  []string{"http", "https"},
		NoConsumer: true,
		Config: Record{
			Fields: []Field{
				{Name: "mode", Kind: String, Doc: "How strict | lax it is.", Default: "lax", Rules: Rules{Required: true, OneOf: []string{"lax", "strict"}}},
				{Name: "prefix", Kind: String, Doc: "Put before names.", Default: "", Rules: Rules{LenMax: 10}},
				{Name: "ratio", Kind: Number, Doc: "Share of requests.", Default: 0.5, Rules: Rules{Gt: Above(0)}},
				{Name: "redis", Kind: Object, Doc: "Where counters are kept.", Record: redisRecord()},
				{Name: "fallback", Kind: Object, Optional: true, Doc: "Where else to ask.", Record: fallbackRecord()},
				{Name: "tiers", Kind: Array, Doc: "Tiers of consumers.", Elements: &Field{Kind: Object, Record: tierRecord()}},
				{Name: "tags", Kind: Set, Doc: "Tags of consumers.", Rules: Rules{LenMax: 3}, Elements: &Field{Kind: String, Rules: Rules{OneOf: []string{"a", "b", "c"}}}},
				{Name: "claims", Kind: Map, Doc: "Claims to headers.", Keys: &Field{Kind: String}, Values: &Field{Kind: String, Rules: Rules{Match: "^[%w-]+$"}}},
				{Name: "secrets", Kind: Array, Doc: "Former passwords.", Elements: &Field{Kind: String, Encrypted: true, Rules: Rules{LenMin: 8}}},
				{Name: "quota", Kind: Integer, Doc: "Requests a day."},
			},
			Checks: []Check{
				{AtLeastOneOf: []string{"tiers", "tags"}},
				{Conditional: &Conditional{IfField: "mode", IfMatch: Rules{Eq: "strict"}, ThenField: "fallback", ThenMatch: Rules{Required: true}}},
			},
		},
	}
}

func redisRecord() Record {
	return Record{Fields: []Field{
		{Name: "host", Kind: String, Doc: "Name or address.", Default: "127.0.0.1"},
		{Name: "timeout", Kind: Integer, Doc: "In milliseconds.", Default: 50, Rules: Rules{Between: Between(1, 1000)}},
		{Name: "password", Kind: String, Doc: "Of the Redis user.", Referenceable: true, Encrypted: true, Rules: Rules{LenMin: 8}},
		{Name: "ssl", Kind: Boolean, Doc: "Whether TLS is used.", Default: false},
	}}
}

func fallbackRecord() Record {
	return Record{Fields: []Field{
		{Name: "url", Kind: String, Doc: "An http address.", Rules: Rules{Required: true, Match: "^https?://"}},
		{Name: "retries", Kind: Integer, Doc: "Further attempts.", Default: 2},
	}}
}

func tierRecord() Record {
	return Record{Fields: []Field{
		{Name: "name", Kind: String, Doc: "Of the tier, as in tags.", Rules: Rules{Required: true}},
		{Name: "tps", Kind: Integer, Doc: "Requests a second.", Default: 10, Rules: Rules{Between: Between(1, 1e6)}},
		{Name: "burst", Kind: Integer, Doc: "Requests at once."},
	}}
}

// decode reads a configuration of the sample that must be valid.
func decode(t *testing.T, text string) config {
	t.Helper()
	var c config
	if err := sample().Config.Decode([]byte(text), &c); err != nil {
		t.Fatalf("Decode(%s): %v", text, err)
	}
	return c
}

// problemsOf returns what is wrong with a configuration of the sample, a line each.
func problemsOf(t *testing.T, text string) []string {
	t.Helper()
	var c config
	err := sample().Config.Decode([]byte(text), &c)
	if err == nil {
		return nil
	}
	var list *Error
	if !errors.As(err, &list) {
		t.Fatalf("Decode(%s): %v is no *Error", text, err)
	}
	var out []string
	for _, p := range list.Problems {
		out = append(out, p.String())
	}
	return out
}
