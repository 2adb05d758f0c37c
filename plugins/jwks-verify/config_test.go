package jwksverify

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/internal/plugin"
)

const smallest = `{"issuers":[{"issuer":"https://a.test","jwks_uri":"https://a.test/jwks","audiences":["x"]}]}`

func TestDefaults(t *testing.T) {
	got, err := plugin.Decode[Config](Schema(), []byte(smallest))
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Issuers: []Issuer{{
			Issuer: "https://a.test", JWKSURI: "https://a.test/jwks",
			Audiences: []string{"x"}, Algorithms: []string{"RS256", "PS256", "ES256"},
		}},
		LeewaySeconds: 10, ConsumerClaims: []string{"client_id"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
}

func TestBadConfigIsRefused(t *testing.T) {
	issuer := func(more members) members {
		return members{"issuers": []members{without(members{
			"issuer": "https://a.test", "jwks_uri": "https://a.test/jwks", "audiences": []string{"x"},
		}, more)}}
	}
	for name, row := range map[string]struct {
		config members
		want   []string // all of them, at once
	}{
		"no issuers":                   {members{}, []string{"issuers: is required"}},
		"an empty list of issuers":     {members{"issuers": []members{}}, []string{"issuers: must have at least 1"}},
		"an issuer with nothing":       {members{"issuers": []members{{}}}, []string{"issuers[1].issuer: is required", "issuers[1].jwks_uri: is required", "issuers[1].audiences: is required"}},
		"no audience":                  {issuer(members{"audiences": []string{}}), []string{"issuers[1].audiences: must have at least 1"}},
		"algorithm none":               {issuer(members{"algorithms": []string{"none"}}), []string{"issuers[1].algorithms[1]: must be one of"}},
		"algorithm HS256 beside RS256": {issuer(members{"algorithms": []string{"RS256", "HS256"}}), []string{"issuers[1].algorithms[2]: must be one of"}},
		"no algorithm":                 {issuer(members{"algorithms": []string{}}), []string{"issuers[1].algorithms: must have at least 1"}},
		"a key set over http":          {issuer(members{"jwks_uri": "http://a.test/jwks"}), []string{"issuers[1].jwks_uri: must be https, or insecure_http must be set"}},
		"a key set in a file":          {issuer(members{"jwks_uri": "file:///etc/jwks"}), []string{"issuers[1].jwks_uri: must be an absolute URL"}},
		"a key set over ftp":           {issuer(members{"jwks_uri": "ftp://a.test/jwks"}), []string{"issuers[1].jwks_uri: must be an https URL"}},
		"a relative address":           {issuer(members{"jwks_uri": "/jwks"}), []string{"issuers[1].jwks_uri: must be an absolute URL"}},
		"a password in the address":    {issuer(members{"jwks_uri": "https://u:hunter2@a.test/jwks"}), []string{"issuers[1].jwks_uri: must not hold a user name or a password"}},
		"a fragment":                   {issuer(members{"jwks_uri": "https://a.test/jwks#x"}), []string{"issuers[1].jwks_uri: must not have a fragment"}},
		"a leeway beyond five minutes": {without(issuer(nil), members{"leeway_seconds": 301}), []string{"leeway_seconds: must be between 0 and 300"}},
		"a field that is not known":    {without(issuer(nil), members{"secret": "x"}), []string{"secret: is not a known field"}},
		"one issuer twice, one on http": {members{"issuers": []members{
			{"issuer": "https://a.test", "jwks_uri": "https://a.test/jwks", "audiences": []string{"x"}},
			{"issuer": "https://a.test", "jwks_uri": "http://b.test/jwks", "audiences": []string{"x"}},
		}}, []string{`issuers[2].issuer: must be unique, "https://a.test" stands above`, "issuers[2].jwks_uri: must be https"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := plugin.Decode[Config](Schema(), mustJSON(row.config))
			if err == nil {
				t.Fatal("taken")
			}
			for _, want := range row.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in %q", want, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error holds a password")
			}
		})
	}
}

func TestInsecureHTTPAllowsHTTP(t *testing.T) {
	config := strings.Replace(smallest, "https://a.test/jwks", "http://a.test/jwks", 1)
	config = strings.Replace(config, "{", `{"insecure_http":true,`, 1)
	if _, err := plugin.Decode[Config](Schema(), []byte(config)); err != nil {
		t.Error(err)
	}
}
