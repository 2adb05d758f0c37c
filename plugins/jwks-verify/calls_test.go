package jwksverify

import (
	"crypto/sha256"
	"slices"
	"testing"

	"tollgate/internal/kong"
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
				if !slices.Equal(l.ahead, row.want) {
					t.Errorf("asked ahead for %q", l.ahead)
				}
			})
		})
	}
}

// TestCallsToKong has the rows of the table in the README.
func TestCallsToKong(t *testing.T) {
	const usual = 5
	der := derOf(t, p256Key())
	mine, sum := certificateForms(der)["URL-encoded PEM"], sha256.Sum256(der)
	bound := goodClaims(members{"cnf": members{"x5t#S256": b64(sum[:])}})
	for name, row := range map[string]struct {
		config  members
		headers map[string][]string
		claims  members
		more    int
	}{
		"nothing turned on":                {nil, nil, nil, 0},
		"no claims that name a consumer":   {members{"consumer_claims": []string{}}, nil, nil, -1},
		"a second claim that is tried":     {members{"consumer_claims": []string{"sub", "client_id"}}, nil, nil, 1},
		"a token in another header":        {members{"header_names": []string{"X-Token"}}, map[string][]string{"x-token": {goodToken()}, "authorization": nil}, nil, 1},
		"two headers to remove":            {nil, map[string][]string{"x-consumer-id": {"x"}, "x_consumer_id": {"x"}}, nil, 2},
		"the token's header to remove":     {members{"hide_credentials": true}, nil, nil, 1},
		"groups":                           {members{"groups_claim": "groups"}, nil, nil, 1},
		"shared claims that the token has": {members{"shared_claims": []string{"tier"}}, nil, nil, 1},
		"shared claims that it has not":    {members{"shared_claims": []string{"absent"}}, nil, nil, 0},
		"the query":                        {members{"refuse_query_token": true}, nil, nil, 1},
		"a bound token": {members{"sender_constraint": "optional", "client_cert_header": "X-Cert", "trusted_peers": []string{"10.0.0.1"}},
			map[string][]string{"x-cert": {mine}}, bound, 1},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				k := request(mint(header(nil), goodClaims(row.claims), rsaKey()), row.headers)
				k.PeerIP = "10.0.0.1"
				if out := k.Run(t, w.build(t, row.config)); out.Exit != nil || len(out.Calls) != usual+row.more {
					t.Errorf("answered %+v after %d calls, want %d: %q", out.Exit, len(out.Calls), usual+row.more, out.Calls)
				}
			})
		})
	}
}
