package integration

import (
	"net/http"
	"strings"
	"testing"

	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

// TestWhatATokenTellsReachesTheUpstream looks at what the upstream got, and what it did not.
func TestWhatATokenTellsReachesTheUpstream(t *testing.T) {
	s := start(t, sandbox.Options{Config: []byte(identityConfig)})
	token := bearerOf(t, s, issuer.Token{Client: "nobodys-app", Subject: "user 7", Scope: "read write", Claims: map[string]any{
		"realm": map[string]any{"roles": []string{"a", "b,c", "d\r\nX-Admin: 1"}}, "name": "Zoë",
	}})
	r := getFrom(t, s, "/claims", token, "X-Token-Roles: root", "X_Token_Roles: root", "x_token-roles: root", "X-Token-Absent: root", "X-Authenticated-Userid: root")
	r.is(t, http.StatusOK)
	seen := r.upstream(t).Headers
	for name, want := range map[string]string{
		"X-Token-Roles": "a,b%2Cc,d%0D%0AX-Admin: 1", "X-Token-Scope": "read write", "X-Token-Name": "Zo%C3%AB",
		"X-Authenticated-Userid": "user 7", "X-Token-Absent": "", "Authorization": "",
	} {
		if got := strings.Join(seen[name], "|"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for name, values := range seen {
		if strings.Contains(strings.Join(values, "|"), "root") {
			t.Errorf("the client's own %s went on: %q", name, values)
		}
	}
}

func TestARequestWithoutATokenIsTheAnonymousConsumers(t *testing.T) {
	s := start(t, sandbox.Options{Config: []byte(identityConfig)})
	got := identity(t, getFrom(t, s, "/guests", "X_Anonymous_Consumer: false", "X-Consumer-Groups: admins"))
	if strings.Join(got["x-anonymous-consumer"], "|") != "true" || strings.Join(got["x-consumer-username"], "|") != "guest" || len(got["x-consumer-groups"]) > 0 {
		t.Errorf("the upstream was told %v", got)
	}
	getFrom(t, s, "/guests", "Authorization: Bearer x").is(t, http.StatusUnauthorized)
	if got := identity(t, getFrom(t, s, "/guests", bearerOf(t, s, issuer.Token{Client: "app"}))); len(got["x-anonymous-consumer"]) > 0 {
		t.Errorf("a token's owner is anonymous: %v", got)
	}
}

// TestAclReadsTheTokensGroups: acl without always_use_authenticated_groups looks for the groups that Kong
// itself gives a consumer.
func TestAclReadsTheTokensGroups(t *testing.T) {
	realKongOnly(t)
	s := start(t, sandbox.Options{Config: []byte(aclConfig)})
	for _, row := range []struct {
		name, path, client string
		groups             any
		status             int
		told               string
	}{
		{"a group that is allowed, no consumer", "/acl", "nobodys-app", []string{"a", "staff"}, 200, "a, staff"},
		{"a group that is allowed, with a consumer", "/acl", "app", []string{"staff"}, 200, "staff"},
		{"one group, not in a list", "/acl", "app", "staff", 200, "staff"},
		{"another group", "/acl", "nobodys-app", []string{"a"}, 403, ""},
		{"no groups in the token, no consumer", "/acl", "nobodys-app", nil, 403, ""},
		{"no groups in the token, and Kong's own are not asked for", "/acl", "app", nil, 403, ""},
		{"without the option, no consumer", "/acl/own", "nobodys-app", []string{"staff"}, 403, ""},
		{"without the option, the consumer's groups in Kong count", "/acl/own", "app", []string{"a"}, 200, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			claims := map[string]any{}
			if row.groups != nil {
				claims["groups"] = row.groups
			}
			r := getFrom(t, s, row.path, bearerOf(t, s, issuer.Token{Client: row.client, Claims: claims}), "X-Authenticated-Groups: staff", "X-Consumer-Groups: staff")
			r.is(t, row.status)
			if row.status == http.StatusOK {
				if got := strings.Join(r.upstream(t).Headers["X-Authenticated-Groups"], "|"); got != row.told {
					t.Errorf("X-Authenticated-Groups: %q, want %q", got, row.told)
				}
			}
		})
	}
}

const identityConfig = `
_format_version: "3.0"
consumers:
  - {username: guest}
  - {username: app}
services:
  - name: echo
    url: '${{ env "DECK_UPSTREAM_URL" }}'
    routes:
      - {name: open, paths: [/open]}
      - name: claims
        paths: [/claims]
        plugins:
          - name: jwks-verify
            config:
              issuers: &issuers [{issuer: '${{ env "DECK_ISSUER" }}', jwks_uri: '${{ env "DECK_JWKS_URI" }}', audiences: ['${{ env "DECK_AUDIENCE" }}']}]
              insecure_http: true
              hide_credentials: true
              claims_to_headers:
                - {claim: realm.roles, header: X-Token-Roles}
                - {claim: scope, header: X-Token-Scope}
                - {claim: name, header: X-Token-Name}
                - {claim: absent, header: X-Token-Absent}
      - name: guests
        paths: [/guests]
        plugins:
          - {name: jwks-verify, config: {issuers: *issuers, insecure_http: true, anonymous: guest}}
`

// aclConfig goes on with identityConfig; kongsim does not play acl.
const aclConfig = identityConfig + `
      - name: acl
        paths: [/acl]
        plugins:
          - {name: jwks-verify, config: {issuers: *issuers, insecure_http: true, groups_claim: groups}}
          - {name: acl, config: {allow: [staff], always_use_authenticated_groups: true}}
      - name: own
        paths: [/acl/own]
        plugins:
          - {name: jwks-verify, config: {issuers: *issuers, insecure_http: true, groups_claim: groups}}
          - {name: acl, config: {allow: [staff]}}
acls:
  - {consumer: app, group: staff}
`
