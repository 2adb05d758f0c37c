package jwksverify

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tollgate/internal/kong"
)

func TestChallenge(t *testing.T) {
	for name, row := range map[string]struct {
		challenge         challenge
		code, description string
		scope, want       string
	}{
		"no token: the realm alone":         {challenge{realm: "kong"}, "", "Come again.", "", `Bearer realm="kong"`},
		"no token, with metadata":           {challenge{"kong", "https://api.test/m"}, "", "", "", `Bearer realm="kong", resource_metadata="https://api.test/m"`},
		"an error":                          {challenge{realm: "kong"}, "invalid_token", "No.", "", `Bearer realm="kong", error="invalid_token", error_description="No."`},
		"a scope that lacks, with metadata": {challenge{"kong", "https://api.test/m"}, "insufficient_scope", "No.", "a b", `Bearer realm="kong", error="insufficient_scope", error_description="No.", scope="a b", resource_metadata="https://api.test/m"`},
		"quotes and backslashes":            {challenge{realm: `a "b" \c`}, "", "", "", `Bearer realm="a \"b\" \\c"`},
		"what is not ASCII is left out":     {challenge{realm: "a\r\nü\x7fb"}, "", "", "", `Bearer realm="ab"`},
		"no realm":                          {challenge{}, "invalid_token", "", "", `Bearer error="invalid_token"`},
		"nothing at all":                    {challenge{}, "", "", "", `Bearer`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := row.challenge.with(row.code, row.description, row.scope); got != row.want {
				t.Errorf("%s, want %s", got, row.want)
			}
		})
	}
}

// TestAnswers has a row for each reason there is.
func TestAnswers(t *testing.T) {
	const invalid = `Bearer realm="api", error="invalid_token", error_description="The access token is not valid here."`
	challenge := func(text string) []kong.Header { return []kong.Header{{Name: "WWW-Authenticate", Value: text}} }
	rows := map[reason]struct {
		status  int
		headers []kong.Header
	}{
		reasonNoToken:         {401, challenge(`Bearer realm="api"`)},
		reasonMalformed:       {401, challenge(invalid)},
		reasonAlg:             {401, challenge(invalid)},
		reasonKidUnknown:      {401, challenge(invalid)},
		reasonSignature:       {401, challenge(invalid)},
		reasonIssuer:          {401, challenge(invalid)},
		reasonAudience:        {401, challenge(invalid)},
		reasonExpired:         {401, challenge(`Bearer realm="api", error="invalid_token", error_description="The access token expired."`)},
		reasonNotYetValid:     {401, challenge(invalid)},
		reasonScope:           {403, challenge(`Bearer realm="api", error="insufficient_scope", error_description="The access token does not allow this.", scope="read write"`)},
		reasonClaim:           {401, challenge(invalid)},
		reasonType:            {401, challenge(invalid)},
		reasonBinding:         {401, challenge(invalid)},
		reasonKeysUnavailable: {503, []kong.Header{{Name: "Retry-After", Value: "5"}}},
		reasonConsumer:        {403, nil},
	}
	a := newAnswers(&Config{Realm: "api", RequiredScopes: []string{"read", "write"}}, 5*time.Second)
	for _, r := range allReasons() {
		row, ok := rows[r]
		elsewhere := r == reasonOK || r == reasonAnonymous || r == reasonGateway // the last as an error, by fail
		if elsewhere == ok {
			t.Errorf("%s: a row: %t", r, ok)
		}
		if !ok {
			continue
		}
		t.Run(string(r), func(t *testing.T) {
			got := a.to(verdict{reason: r, detail: "a secret", kid: "k1"})
			if diff := cmp.Diff(row.headers, got.headers()); got.status != row.status || diff != "" {
				t.Errorf("status %d, headers (-want +got):\n%s", got.status, diff)
			}
			if body := string(got.problem().JSON()); strings.Contains(body, "secret") || strings.Contains(body, "k1") || got.detail == "" {
				t.Errorf("the client is told %s", body)
			}
		})
	}
}

func TestARequestAtFaultIsABadRequestWhateverTheReason(t *testing.T) {
	a := newAnswers(&Config{Realm: "api"}, time.Second)
	for at, detail := range map[fault]string{inCredentials: "one bearer token", inHeaders: "headers cannot"} {
		got := a.to(verdict{reason: reasonMalformed, at: at})
		if got.status != http.StatusBadRequest || !strings.HasPrefix(got.challenge, `Bearer realm="api", error="invalid_request", `) || !strings.Contains(got.detail, detail) {
			t.Errorf("%+v", got)
		}
	}
}

func TestWhoIsNotJudgedYetIsToComeAgain(t *testing.T) {
	got := newAnswers(&Config{Realm: "api"}, 5*time.Second).to(verdict{reason: reasonKidUnknown, at: inKeys})
	if diff := cmp.Diff([]kong.Header{{Name: "Retry-After", Value: "5"}}, got.headers()); got.status != http.StatusServiceUnavailable || diff != "" {
		t.Errorf("status %d, headers (-want +got):\n%s", got.status, diff)
	}
}

// allReasons are those that outcomes tell.
func allReasons() []reason {
	var out []reason
	for _, o := range outcomes() {
		if !slices.Contains(out, o.reason) {
			out = append(out, o.reason)
		}
	}
	return out
}

// TestAllReasonsAreCountedFromTheStart reads the source.
func TestAllReasonsAreCountedFromTheStart(t *testing.T) {
	source, err := os.ReadFile("verdict.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`reason = "(\w+)"`).FindAllStringSubmatch(string(source), -1)
	if len(declared) != len(allReasons()) {
		t.Errorf("%d reasons are declared, %d counted", len(declared), len(allReasons()))
	}
	for _, found := range declared {
		if !slices.Contains(allReasons(), reason(found[1])) {
			t.Errorf("%s is not counted", found[1])
		}
	}
}
