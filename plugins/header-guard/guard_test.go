package headerguard

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"tollgate/internal/plugin"
)

// guardOf compiles a configuration that must be valid.
func guardOf(tb testing.TB, config string) *Guard {
	tb.Helper()
	cfg, err := plugin.Decode[Config](Schema(), []byte(config))
	if err != nil {
		tb.Fatalf("configuration %s: %v", config, err)
	}
	return NewGuard(cfg)
}

type headers = map[string][]string

func TestOneRule(t *testing.T) {
	const rule = `{"rules":[{"header":"X-Tenant","match":"^[a-z]+$"}]}`
	rows := []struct {
		name    string
		headers headers
		want    Reason
	}{
		{"a sound value passes", headers{"x-tenant": {"acme"}}, ""},
		{"no line is missing", headers{"x-other": {"acme"}}, Missing},
		{"no header at all is missing", nil, Missing},
		{"an empty list is missing", headers{"x-tenant": {}}, Missing},
		{"an empty value is blank", headers{"x-tenant": {""}}, Blank},
		{"spaces are blank, as a F5 erases", headers{"x-tenant": {"    "}}, Blank},
		{"tabs are blank", headers{"x-tenant": {" \t\t "}}, Blank},
		{"a no-break space is a value", headers{"x-tenant": {"\u00a0"}}, Pattern},
		{"a value outside the pattern", headers{"x-tenant": {"ACME"}}, Pattern},
		{"a line feed after the value does not count as its end", headers{"x-tenant": {"acme\n"}}, Pattern},
		{"bytes that are not UTF-8", headers{"x-tenant": {"acm\xe9"}}, NotUTF8},
		{"several sound values pass", headers{"x-tenant": {"acme", "other"}}, ""},
		{"a blank one among sound values", headers{"x-tenant": {"acme", " "}}, Blank},
		{"the first line at fault gives the reason", headers{"x-tenant": {"ACME", ""}}, Pattern},
		{"the alias with underscores is missing", headers{"x_tenant": {"acme"}}, Missing},
		{"an alias beside it changes nothing", headers{"x_tenant": {"BAD"}, "x-tenant": {"acme"}}, ""},
		{"a header that Connection takes off", headers{"x-tenant": {"acme"}, "connection": {"X-Tenant"}}, HopByHop},
		{"one that Connection takes off among others", headers{"x-tenant": {"acme"}, "connection": {"keep-alive", "te,, \v\tX-TENANT \t"}}, HopByHop},
		{"one that is taken off, whatever its value", headers{"x-tenant": {""}, "connection": {"x-tenant"}}, HopByHop},
		{"one that Connection names and that never came is missing", headers{"connection": {"x-tenant"}}, Missing},
		{"a Connection that names others", headers{"x-tenant": {"acme"}, "connection": {"keep-alive, x-tenants, x", "x_tenant"}}, ""},
	}
	guard := guardOf(t, rule)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			want := Verdict{}
			if row.want != "" {
				want = Verdict{Status: 400, Violations: []Violation{{"rules[1]", "x-tenant", row.want}}}
			}
			got := guard.Check(row.headers)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
			if got.Passes() != (row.want == "") {
				t.Errorf("Passes() = %v", got.Passes())
			}
		})
	}
}

func TestSeveralRules(t *testing.T) {
	const config = `{
		"rules": [{"header":"x-tenant","status":403}, {"header":"X-Trace","match":"^[0-9a-f]+$","status":422}],
		"any_of": [{"headers":["Authorization","apikey"],"status":401}]}`
	rows := []struct {
		name    string
		headers headers
		want    Verdict
	}{
		{"all satisfied, the group by its first header", headers{"x-tenant": {"a"}, "x-trace": {"0f"}, "authorization": {"x"}}, Verdict{}},
		{"all satisfied, the group by its last header", headers{"x-tenant": {"a"}, "x-trace": {"0f"}, "apikey": {"x"}, "authorization": {" "}}, Verdict{}},
		{"the status is that of the first violated rule", headers{"x-tenant": {"a"}, "x-trace": {"zz"}},
			Verdict{422, []Violation{
				{"rules[2]", "x-trace", Pattern}, {"any_of[1]", "authorization", Missing}, {"any_of[1]", "apikey", Missing},
			}}},
		{"rules come before any_of, and all are listed", headers{"authorization": {""}, "apikey": {"\xff"}},
			Verdict{403, []Violation{
				{"rules[1]", "x-tenant", Missing}, {"rules[2]", "x-trace", Missing},
				{"any_of[1]", "authorization", Blank}, {"any_of[1]", "apikey", NotUTF8},
			}}},
		{"a group of which an alias came", headers{"x-tenant": {"a"}, "x-trace": {"0f"}, "api_key": {"x"}},
			Verdict{401, []Violation{{"any_of[1]", "authorization", Missing}, {"any_of[1]", "apikey", Missing}}}},
	}
	guard := guardOf(t, config)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, guard.Check(row.headers)); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUpgradeGoesOnThoughConnectionNamesIt(t *testing.T) {
	guard := guardOf(t, `{"rules":[{"header":"Upgrade","match":"^websocket$"}]}`)
	if v := guard.Check(headers{"connection": {"keep-alive, Upgrade"}, "upgrade": {"websocket"}}); !v.Passes() {
		t.Errorf("a handshake was refused: %v", v)
	}
}

func TestMatchIsNotAnchored(t *testing.T) {
	guard := guardOf(t, `{"rules":[{"header":"via","match":"f5"}]}`)
	if v := guard.Check(headers{"via": {"1.1 f5-west"}}); !v.Passes() {
		t.Errorf("a value that holds the expression was refused: %v", v)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("x-tenant", "acme", "authorization", "Bearer x")
	f.Add("x_tenant", "acme", "apikey", " \t")
	f.Add("x-tenant", "\xff", "x-tenant", "ok")
	f.Add("", "", "apikey", "k")
	f.Add("connection", "close, x-tenant", "x-tenant", "acme")
	guard := guardOf(f, `{"rules":[{"header":"x-tenant","match":"^[a-z]+$"}],"any_of":[{"headers":["authorization","apikey"],"status":401}]}`)
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string) {
		h := headers{}
		h[name1] = append(h[name1], value1)
		h[name2] = append(h[name2], value2)
		v := guard.Check(h)
		if v.Passes() {
			requirePassable(t, h)
			return
		}
		if v.Status != 400 && v.Status != 401 {
			t.Errorf("status %d is no rule's", v.Status)
		}
		for _, violation := range v.Violations {
			if sent := len(h[violation.Header]) > 0; sent == (violation.Reason == Missing) {
				t.Errorf("%s is called %s, and it came: %v", violation.Header, violation.Reason, sent)
			}
		}
	})
}

// requirePassable states in other words what a request must hold to pass the guard of FuzzCheck.
func requirePassable(t *testing.T, h headers) {
	t.Helper()
	if len(h["x-tenant"]) == 0 || len(h["authorization"])+len(h["apikey"]) == 0 {
		t.Errorf("passed without its headers: %q", h)
	}
	for _, line := range h["x-tenant"] {
		if line == "" || strings.Trim(line, "abcdefghijklmnopqrstuvwxyz") != "" || !utf8.ValidString(line) {
			t.Errorf("passed with the tenant %q", line)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	guard, request := benchmarkCase(b)
	b.ReportAllocs()
	for b.Loop() {
		if v := guard.Check(request); !v.Passes() {
			b.Fatal(v)
		}
	}
}

func TestCheckOfAPassingRequestDoesNotAllocate(t *testing.T) {
	guard, request := benchmarkCase(t)
	if n := testing.AllocsPerRun(100, func() { guard.Check(request) }); n != 0 {
		t.Errorf("%v allocations a request", n)
	}
}

func benchmarkCase(tb testing.TB) (*Guard, headers) {
	guard := guardOf(tb, `{
		"rules": [{"header":"host"}, {"header":"x-forwarded-proto","match":"^https$"}, {"header":"x-tenant","match":"^[a-z]{2,20}$"}],
		"any_of": [{"headers":["authorization","apikey"],"status":401}]}`)
	return guard, headers{
		"host": {"api.example.com"}, "x-forwarded-proto": {"https"}, "x-tenant": {"acme"},
		"accept": {"*/*"}, "user-agent": {"test"}, "apikey": {"k"}, "connection": {"keep-alive, X-Other"},
	}
}
