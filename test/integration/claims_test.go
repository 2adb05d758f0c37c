package integration

import (
	"encoding/json"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
	getFrom(t, s, "/guests", "Authorization: Bearer\tx").is(t, http.StatusBadRequest)
	if got := identity(t, getFrom(t, s, "/guests", bearerOf(t, s, issuer.Token{Client: "app"}))); len(got["x-anonymous-consumer"]) > 0 {
		t.Errorf("a token's owner is anonymous: %v", got)
	}
}

// TestATokenInTheQuery: it is refused where an instance looks, and otherwise goes on to the upstream.
func TestATokenInTheQuery(t *testing.T) {
	s := start(t, sandbox.Options{Config: []byte(identityConfig)})
	token := bearerOf(t, s, issuer.Token{Client: "app"})
	for _, row := range []struct {
		name, target string
		headers      []string
		status       int
	}{
		{"beside a token", "/queries?a=1&access_token=x", []string{token}, 400},
		{"beside a token, its name encoded", "/queries?%61ccess%5Ftoken=x", []string{token}, 400},
		{"alone, where no token is anonymous", "/queries?access_token=x", nil, 400},
		{"behind bytes that are not UTF-8", "/queries?a=\xff&access_token=x", []string{token}, 400},
		{"none in a query that is not UTF-8", "/queries?a=\xff", []string{token}, 200},
		{"a query that is UTF-8", "/queries?a=ü", []string{token}, 200},
		{"none", "/queries?a=access_token", []string{token}, 200},
		{"no query", "/queries", []string{token}, 200},
		{"neither", "/queries", nil, 200},
		{"where nobody looks", "/claims?access_token=x", []string{token}, 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := getFrom(t, s, row.target, row.headers...)
			r.is(t, row.status)
			if row.status == http.StatusBadRequest && !strings.HasPrefix(r.headers.Get("WWW-Authenticate"), invalidCall) {
				t.Errorf("challenge %q", r.headers.Get("WWW-Authenticate"))
			}
		})
	}
}

// TestWhatKongsAccessLogTellsOfASub shows the members that log_sub does not cover, and that file-log can drop them.
func TestWhatKongsAccessLogTellsOfASub(t *testing.T) {
	realKongOnly(t)
	log := filepath.Join(t.TempDir(), "access.log")
	s := start(t, sandbox.Options{Config: []byte(strings.ReplaceAll(loggedConfig, "LOG-FILE", log))})
	const sub = "5cd5f4ad-9a3b-4cf0-8a4f-6f2b4c6f8a11"
	for _, row := range []struct {
		name, path string
		client     any
		want       []string
	}{
		{"all that Kong knows", "/logged", "app", []string{"request.headers.x-authenticated-userid", "request.headers.x-token-sub"}},
		{"a sub in place of a client_id", "/logged", nil, []string{
			"authenticated_entity.id", "request.headers.x-authenticated-userid", "request.headers.x-credential-identifier", "request.headers.x-token-sub"}},
		{"with the members dropped", "/dropped", nil, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := getFrom(t, s, row.path, bearerOf(t, s, issuer.Token{Subject: sub, Claims: map[string]any{"client_id": row.client}}))
			r.is(t, http.StatusOK)
			line := logHas(t, log, r.id())
			var entry map[string]any
			if err := json.Unmarshal([]byte(line), &entry); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, membersWith(entry, sub)); diff != "" || entry["tollgate"] == nil {
				t.Errorf("members with the sub (-want +got):\n%s", diff)
			}
		})
	}
}

// membersWith are the paths of the members in which a text stands.
func membersWith(object map[string]any, text string) (found []string) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		switch v := object[name].(type) {
		case map[string]any:
			for _, inner := range membersWith(v, text) {
				found = append(found, name+"."+inner)
			}
		case string:
			if strings.Contains(v, text) {
				found = append(found, name)
			}
		}
	}
	return found
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
      - name: queries
        paths: [/queries]
        plugins:
          - {name: jwks-verify, config: {issuers: *issuers, insecure_http: true, anonymous: guest, refuse_query_token: true}}
`

// loggedConfig goes on with identityConfig; LOG-FILE stands for a path.
const loggedConfig = identityConfig + `
      - name: logged
        paths: [/logged]
        plugins:
          - name: jwks-verify
            config: &silent
              issuers: *issuers
              insecure_http: true
              log_sub: none
              claims_to_headers: [{claim: sub, header: X-Token-Sub}]
          - {name: file-log, config: {path: 'LOG-FILE', reopen: false}}
      - name: dropped
        paths: [/dropped]
        plugins:
          - {name: jwks-verify, config: *silent}
          - name: file-log
            config:
              path: 'LOG-FILE'
              reopen: false
              custom_fields_by_lua:
                authenticated_entity.id: return nil
                request.headers.x-authenticated-userid: return nil
                request.headers.x-credential-identifier: return nil
                request.headers.x-token-sub: return nil
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
