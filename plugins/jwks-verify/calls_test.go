package jwksverify

import (
	"crypto/sha256"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tollgate/internal/kong"
	"tollgate/internal/plugin"
)

// What each good request needs is asked for together with the headers.
func TestWhatEachGoodRequestNeedsIsAskedForAhead(t *testing.T) {
	bound := members{"sender_constraint": "required", "client_cert_header": "X-Client-Cert", "trusted_peers": []string{"10.0.0.0/8"}}
	for name, row := range map[string]struct {
		config members
		want   []string
	}{
		"by default nothing":               {nil, nil},
		"the query, where it is looked at": {members{"refuse_query_token": true}, []string{"kong.nginx.get_var"}},
		"the peer, where all are bound":    {bound, []string{"kong.client.get_ip"}},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				l := newLine(t, usualHeaders(goodToken()))
				w.build(t, row.config).Access(t.Context(), kong.NewRequest(l))
				if !slices.Equal(l.Before, row.want) {
					t.Errorf("asked ahead for %q", l.Before)
				}
			})
		})
	}
}

// cost is what a request has Kong do: calls, and those of them that are waited for one after another.
type cost struct{ calls, waits int }

// costOf lets a good request pass.
func costOf(t *testing.T, h plugin.Handler, headers map[string]any) cost {
	t.Helper()
	l := newLine(t, headers)
	h.Access(t.Context(), kong.NewRequest(l))
	if !slices.Contains(l.Calls, "kong.client.authenticate") || slices.Contains(l.Calls, "kong.response.exit") {
		t.Fatalf("it did not pass: %q", l.Calls)
	}
	calls, waits := l.Cost()
	return cost{calls, waits}
}

// callsRow is a request, and the row of the README that says what it costs.
type callsRow struct {
	name, readme    string
	config, headers members // nil takes a header away
	claims          members
}

func callsRows(t *testing.T) []callsRow {
	t.Helper()
	der := derOf(t, p256Key())
	sum, cert := sha256.Sum256(der), members{"x-cert": certificateForms(der)["URL-encoded PEM"]}
	bound := members{"cnf": members{"x5t#S256": b64(sum[:])}}
	constraint := func(is string) members {
		return members{"sender_constraint": is, "client_cert_header": "X-Cert", "trusted_peers": []string{"10.0.0.1"}}
	}
	const toRemove, aBound = "each header to remove", "a token bound to a certificate, with `sender_constraint: "
	return []callsRow{
		{"nothing turned on", basis, nil, nil, nil},
		{"no claims that name a consumer", "no `consumer_claims`", members{"consumer_claims": []string{}}, nil, nil},
		{"a second claim that is tried", "each further claim that is tried", members{"consumer_claims": []string{"sub", "client_id"}}, nil, nil},
		{"a token in another header", "a token in another header than `Authorization`", members{"header_names": []string{"X-Token"}},
			members{"x-token": goodToken(), "authorization": nil}, nil},
		{"a header to remove", toRemove, nil, members{"x-consumer-id": "x"}, nil},
		{"the token's header to remove", toRemove, members{"hide_credentials": true}, nil, nil},
		{"groups", "`groups_claim`", members{"groups_claim": "groups"}, nil, nil},
		{"shared claims that the token has", "`shared_claims` that the token has", members{"shared_claims": []string{"tier"}}, nil, nil},
		{"shared claims that it has not", basis, members{"shared_claims": []string{"absent"}}, nil, nil},
		{"the query", "`refuse_query_token`", members{"refuse_query_token": true}, nil, nil},
		{"a bound token, where they may be", aBound + "optional`", constraint("optional"), cert, bound},
		{"a bound token, where they must be", aBound + "required`", constraint("required"), cert, bound},
		{"one that is not bound, where they may be", basis, constraint("optional"), cert, nil},
	}
}

// basis is the README's row that the others are added to.
const basis = "a request that passes, with nothing turned on"

// TestCallsToKong compares each row of the README's table, and each of its columns, with what a request does.
func TestCallsToKong(t *testing.T) {
	said, tried := saidCosts(t), map[string]bool{}
	for _, row := range callsRows(t) {
		tried[row.readme] = true
		t.Run(row.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				headers := usualHeaders(mint(header(nil), goodClaims(row.claims), rsaKey()))
				for name, value := range row.headers {
					if headers[name] = value; value == nil {
						delete(headers, name)
					}
				}
				want, ok := said[row.readme]
				if row.readme != basis {
					want.calls, want.waits = want.calls+said[basis].calls, want.waits+said[basis].waits
				}
				if got := costOf(t, w.build(t, row.config), headers); !ok || got != want {
					t.Errorf("it costs %+v; the README has a row: %t, by which %+v", got, ok, want)
				}
			})
		})
	}
	for row := range said {
		if !tried[row] {
			t.Errorf("no test has the README's row %q", row)
		}
	}
}

// saidCosts are the rows of the README's table of calls, by their first column.
func saidCosts(t *testing.T) map[string]cost {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "| where | calls | waited for |\n|---|---|---|\n")
	if !found {
		t.Fatal("the README has no table of calls")
	}
	out := map[string]cost{}
	for _, row := range regexp.MustCompile(`(?m)\A(?:\|.*\n)+`).FindAllString(table, 1) {
		for line := range strings.Lines(row) {
			var c cost
			columns := strings.Split(strings.Trim(line, "| \n"), " | ")
			if len(columns) != 3 {
				t.Fatalf("the row %q has %d columns", line, len(columns))
			}
			for i, into := range []*int{&c.calls, &c.waits} {
				number, _, _ := strings.Cut(columns[i+1], ",")
				if *into, err = strconv.Atoi(number); err != nil {
					t.Fatalf("the row %q: %v", line, err)
				}
			}
			out[columns[0]] = c
		}
	}
	return out
}
