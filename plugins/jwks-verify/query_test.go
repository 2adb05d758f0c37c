package jwksverify

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/internal/kongtest"
)

func TestATokenInTheQueryIsFound(t *testing.T) {
	for name, row := range map[string]struct {
		query string
		want  bool
	}{
		"no query":                          {"", false},
		"other parameters":                  {"a=1&b=access_token&token=x&access_tokens=x&x_access_token=y", false},
		"the parameter alone":               {"access_token=a.b.c", true},
		"among others":                      {"a=1&access_token=a.b.c&b=2", true},
		"behind a hundred others":           {strings.Repeat("a=1&", 200) + "access_token=x", true},
		"without a value":                   {"access_token=", true},
		"without an equals sign":            {"a&access_token", true},
		"its name encoded":                  {"%61ccess%5Ftoken=x", true},
		"its name in another case":          {"Access_Token=x", true},
		"behind a semicolon":                {"a=1;access_token=x", true},
		"behind empty pairs":                {"&&;&access_token=x", true},
		"in another's value":                {"redirect=/cb?access_token=x", false},
		"in another's value, encoded":       {"redirect=%26access_token=x", false},
		"in a name with a broken escape":    {"access_token%=x", false},
		"beside a name that cannot be read": {"%zz=1&access_token=x", true},
		"as PHP reads it: a dot":            {"access.token=x", true},
		"as PHP reads it: a space":          {"access+token=x", true},
		"as PHP reads it: a space, encoded": {"access%20token=x", true},
		"as PHP reads it: spaces before it": {"+%20access_token=x", true},
		"as PHP reads it: up to a NUL":      {"access_token%00suffix=x", true},
		"as PHP reads it: an array":         {"access_token[]=x", true},
		"as PHP reads it: a deeper one":     {"access.token%5Ba%5D[b]=x", true},
		"as PHP reads it: half an array":    {"access[token=x", true},
		"as PHP reads it: half, encoded":    {"access%5btoken=x", true},
		"behind an escape that is broken":   {"access%5Ftoken[%zz]=x", true},
		"up to a NUL and a broken escape":   {"access%5Ftoken%00%=x", true},
		"in an array of another name":       {"a[access_token]=x", false},
		"behind a NUL":                      {"a%00access_token=x", false},
		"with an underscore too many":       {"access__token=x", false},
		"encoded twice":                     {"access%255Ftoken=x", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := queryHoldsToken(row.query); got != row.want {
				t.Errorf("found: %t", got)
			}
		})
	}
}

// TestATokenInTheQuery counts what it costs, too: nothing where the query is not asked for.
func TestATokenInTheQuery(t *testing.T) {
	for name, row := range map[string]struct {
		config members
		query  string
		token  bool
		status int // 0 for a request that passes
		asks   bool
	}{
		"beside a token, not refused by default": {nil, "access_token=x", true, 0, false},
		"alone, it is no token by default":       {nil, "access_token=x", false, 401, false},
		"beside a token":                         {members{"refuse_query_token": true}, "a=b&access_token=x", true, 400, true},
		"alone":                                  {members{"refuse_query_token": true}, "access_token=x", false, 400, true},
		"alone, with an anonymous consumer":      {members{"refuse_query_token": true, "anonymous": testClient}, "access_token=x", false, 400, true},
		"none, beside a token":                   {members{"refuse_query_token": true}, "a=b", true, 0, true},
		"no query":                               {members{"refuse_query_token": true}, "", true, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				k := request(goodToken(), nil)
				if !row.token {
					delete(k.Headers, "authorization")
				}
				k.Vars = map[string]string{"args": row.query}
				out := k.Run(t, w.build(t, row.config))
				status := 0
				if out.Exit != nil {
					status = out.Exit.Status
				}
				asks := slices.Contains(out.Calls[:min(2, len(out.Calls))], "kong.nginx.get_var")
				if status != row.status || asks != row.asks {
					t.Errorf("answered %d after %q", status, out.Calls)
				}
				if status == http.StatusBadRequest {
					wantSilence(t, w, out)
				}
			})
		})
	}
}

// wantSilence wants the query, and any line to which nginx appends it, in no log: the reason stands in the access
// log and the metric.
func wantSilence(t *testing.T, w *world, out kongtest.Outcome) {
	t.Helper()
	if len(out.Logs) != 0 {
		t.Errorf("logged %v", out.Logs)
	}
	if diff := cmp.Diff(map[string]any{
		"request.querystring": "REDACTED", "request.uri": "REDACTED", "request.url": "REDACTED", "upstream_uri": "REDACTED",
		"tollgate.jwks_verify": map[string]any{"reason": "malformed"},
	}, out.LogMembers); diff != "" {
		t.Errorf("access log (-want +got):\n%s", diff)
	}
	if n := w.counted(t, "tollgate_jwks_verify_total", "malformed"); n != 1 {
		t.Errorf("the metric counts %v", n)
	}
}

// TestAQueryWithATokenIsToldNowhere has whatever else is wrong with a request, or would be, come with it.
func TestAQueryWithATokenIsToldNowhere(t *testing.T) {
	for name, change := range map[string]func(*kongtest.Kong){
		"a token that is no JWT":          func(k *kongtest.Kong) { k.Headers["authorization"] = []string{"Bearer x"} },
		"two tokens":                      func(k *kongtest.Kong) { k.Headers["authorization"] = []string{"Bearer x", "Bearer y"} },
		"a Connection that takes off":     func(k *kongtest.Kong) { k.Headers["connection"] = []string{"x-consumer-id"} },
		"headers that Kong does not tell": func(k *kongtest.Kong) { k.Garble = map[string]bool{"kong.request.get_headers": true} },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				k := request(goodToken(), nil)
				k.Vars = map[string]string{"args": "access_token=x"}
				change(k)
				out := k.Run(t, w.build(t, members{"refuse_query_token": true}))
				if out.Exit == nil || out.Exit.Status != http.StatusBadRequest {
					t.Errorf("answered %+v", out.Exit)
				}
				wantSilence(t, w, out)
			})
		})
	}
}

// The option costs a request without such a token no member of the access log.
func TestAQueryWithoutATokenStaysInTheAccessLog(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		k := request(goodToken(), nil)
		k.Vars = map[string]string{"args": "a=1"}
		if out := k.Run(t, w.build(t, members{"refuse_query_token": true})); len(out.LogMembers) != 1 {
			t.Errorf("access log %v", out.LogMembers)
		}
	})
}

func TestAQueryThatKongDoesNotTellIsNoGoodOne(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		k := request(goodToken(), nil)
		k.Garble = map[string]bool{"kong.nginx.get_var": true}
		out := k.Run(t, w.build(t, members{"refuse_query_token": true}))
		if out.Exit == nil || out.Exit.Status != http.StatusInternalServerError {
			t.Fatalf("answered %+v", out.Exit)
		}
		if len(out.Logs) != 1 || !strings.Contains(out.Logs[0].Text, "kong.nginx.get_var") {
			t.Errorf("logged %v", out.Logs)
		}
	})
}

// FuzzQueryHoldsToken looks for parameters that Go's own reader, which is not the most generous, finds, and for
// those that it finds among PHP's names.
func FuzzQueryHoldsToken(f *testing.F) {
	for _, query := range []string{"", "access_token=x", "a=1&%61ccess_token", "access%5ftoken=;", "%", "access.token[%zz]=", "+access_token%00"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		found, _ := url.ParseQuery(query)
		for name := range found {
			plain := strings.NewReplacer(".", "_", " ", "_").Replace(name)
			if plain == "access_token" && !queryHoldsToken(query) {
				t.Errorf("%q holds a token", query)
			}
		}
	})
}
