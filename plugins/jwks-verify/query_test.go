package jwksverify

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
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
					checkLog(t, out, "malformed", "query")
				}
			})
		})
	}
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

// FuzzQueryHoldsToken looks for parameters that Go's own reader, which is not the most generous, finds.
func FuzzQueryHoldsToken(f *testing.F) {
	for _, query := range []string{"", "access_token=x", "a=1&%61ccess_token", "access%5ftoken=;", "%"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		if found, _ := url.ParseQuery(query); found.Has("access_token") && !queryHoldsToken(query) {
			t.Errorf("%q holds a token", query)
		}
	})
}
