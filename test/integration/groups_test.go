package integration

import (
	"net/http"
	"testing"

	"tollgate/test/issuer"
)

// TestKongsACLGoesByTheGroupsOfTheToken has acl let editors in. The consumer grouped-app is one by Kong's own
// records, which do not count.
func TestKongsACLGoesByTheGroupsOfTheToken(t *testing.T) {
	realKongOnly(t)
	s := secondNode(t)
	in := func(groups any) map[string]any { return map[string]any{"realm": map[string]any{"groups": groups}} }
	answers := tally{}
	for _, row := range []struct {
		name   string
		token  issuer.Token
		status int
	}{
		{"a consumer in the group", issuer.Token{Client: "premium-app", Claims: in([]string{"readers", "editors"})}, http.StatusOK},
		{"a group that is a text", issuer.Token{Client: "premium-app", Claims: in("editors")}, http.StatusOK},
		{"nobody Kong knows, in the group", issuer.Token{Client: "nobodys-app", Claims: in([]string{"editors"})}, http.StatusOK},
		{"another group", issuer.Token{Client: "premium-app", Claims: in([]string{"readers"})}, http.StatusForbidden},
		{"no group", issuer.Token{Client: "premium-app", Claims: in([]string{})}, http.StatusForbidden},
		{"a token without the claim", issuer.Token{Client: "premium-app"}, http.StatusForbidden},
		{"groups that only Kong gives the consumer", issuer.Token{Client: "grouped-app"}, http.StatusForbidden},
		{"groups of Kong's, and others of the token", issuer.Token{Client: "grouped-app", Claims: in([]string{"readers"})}, http.StatusForbidden},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := getFrom(t, s, "/groups", bearer(t, row.token))
			answers[r.status]++
			r.is(t, row.status)
		})
	}
	getFrom(t, s, "/groups").is(t, http.StatusUnauthorized)
	getFrom(t, s, "/groups", "X-Authenticated-Groups: editors", bearer(t, issuer.Token{Client: "premium-app"})).is(t, http.StatusForbidden)
	shared.stress.held(t, "Kong's acl by the groups of a token", "the token's groups alone decide", answers.String())
}
