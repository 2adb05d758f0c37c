package token

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

const issuer = "https://auth.example.test/as"

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// bench is an operator's desk: a key, its set in a file, and the environment.
type bench struct {
	key  *ecdsa.PrivateKey
	jwks string
	env  map[string]string
	// diagnostics are what the last run told besides.
	diagnostics string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{key: key, jwks: filepath.Join(t.TempDir(), "jwks.json"), env: map[string]string{"DECK_ISSUER": issuer}}
	if err := os.WriteFile(b.jwks, b.keySet(t), 0o600); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) keySet(t *testing.T) []byte {
	t.Helper()
	point, err := b.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	const size = 32
	text := base64.RawURLEncoding.EncodeToString
	return fmt.Appendf(nil, `{"keys":[{"kty":"EC","crv":"P-256","kid":"k1","x":%q,"y":%q}]}`, text(point[1:1+size]), text(point[1+size:]))
}

// token is a good one but for what more replaces; nil removes.
func (b *bench) token(t *testing.T, more jwt.MapClaims) string {
	t.Helper()
	claims := jwt.MapClaims{"iss": issuer, "aud": "https://api.example.test", "client_id": "ann", "sub": "someone", "exp": now.Unix() + 60}
	for name, value := range more {
		claims[name] = value
	}
	made := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	made.Header["kid"] = "k1"
	signed, err := made.SignedString(b.key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (b *bench) run(t *testing.T, stdin string, o Options) (out string, valid bool, err error) {
	t.Helper()
	var stdout, diagnostics bytes.Buffer
	valid, err = Run(o, Env{
		Lookup: func(name string) (string, bool) { value, ok := b.env[name]; return value, ok },
		Stdin:  strings.NewReader(stdin), Stdout: &stdout, Diagnostics: &diagnostics, Now: func() time.Time { return now },
	})
	b.diagnostics = diagnostics.String()
	return stdout.String(), valid, err
}

func (b *bench) options() Options {
	return Options{Configs: []string{"testdata/kong.yml"}, Instance: "partners", JWKS: b.jwks}
}

// oneSpaced is a table without the width of its columns.
func oneSpaced(table string) string {
	return regexp.MustCompile(` +`).ReplaceAllString(table, " ")
}

func TestAGoodTokenIsExplained(t *testing.T) {
	b := newBench(t)
	out, valid, err := b.run(t, b.token(t, nil)+"\n", b.options())
	if err != nil || !valid {
		t.Fatalf("valid: %t, %v", valid, err)
	}
	const want = `instance partners, at 2026-03-01T12:00:00Z
CHECK         VERDICT  DETAIL
form          ok
header        ok       alg ES256, kid "k1"
issuer        ok       "https://auth.example.test/as"
algorithm     ok
type          ok       application/jwt
key           ok
signature     ok
audience      ok
dates         ok
claims        ok
confirmation  ok
certificate   ok
time          ok       until 2026-03-01T12:01:00Z
scope         ok
consumer      ok       "ann"
valid
`
	if diff := cmp.Diff(want, out); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
	readme, err := os.ReadFile(filepath.Join("..", "..", "plugins", "jwks-verify", "README.md"))
	if err != nil || !strings.Contains(string(readme), want) {
		t.Errorf("the README of jwks-verify shows something else, %v", err)
	}
	if !strings.Contains(b.diagnostics, "jwks_client_key") {
		t.Errorf("the reference that was left out is not named: %q", b.diagnostics)
	}
}

func TestATokenMayStandAsInARequest(t *testing.T) {
	b := newBench(t)
	token := b.token(t, nil)
	for _, stdin := range []string{token, " " + token + " \r\n", "Bearer " + token, "bearer  " + token, "Authorization: Bearer " + token, "authorization:bearer " + token} {
		if _, valid, err := b.run(t, stdin, b.options()); err != nil || !valid {
			t.Errorf("%.20q: valid %t, %v", stdin, valid, err)
		}
	}
}

func TestWhatIsPrintedHoldsNoTokenAndNoSignature(t *testing.T) {
	b := newBench(t)
	for name, token := range map[string]string{
		"a good one":            b.token(t, nil),
		"one with another's":    newBench(t).token(t, nil),
		"an expired one":        b.token(t, jwt.MapClaims{"exp": 1}),
		"two segments":          b.token(t, nil)[:60],
		"one with a bad header": "x" + b.token(t, nil),
	} {
		for _, asJSON := range []bool{false, true} {
			o := b.options()
			o.JSON = asJSON
			out, _, err := b.run(t, token, o)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, part := range strings.Split(token, ".") {
				if strings.Contains(out+b.diagnostics, part) {
					t.Errorf("%s: printed a part of the token: %s", name, out)
				}
			}
		}
	}
}

func TestAVerdictIsToldForMachines(t *testing.T) {
	b := newBench(t)
	o := b.options()
	o.JSON, o.At = true, now.Add(time.Hour)
	out, valid, err := b.run(t, b.token(t, nil), o)
	if err != nil || valid {
		t.Fatalf("valid: %t, %v", valid, err)
	}
	var got struct {
		Valid  bool
		Reason string
		At     time.Time
		Checks []struct{ Check, Verdict, Detail string }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if got.Valid || got.Reason != "expired" || !got.At.Equal(o.At) || len(got.Checks) == 0 {
		t.Errorf("printed %s", out)
	}
	for _, c := range got.Checks {
		want := map[string]string{"signature": "ok", "time": "failed", "scope": "skipped"}[c.Check]
		if want != "" && c.Verdict != want {
			t.Errorf("%+v, want %s", c, want)
		}
	}
}

func TestKeysAreFetchedWhereNoFileHasThem(t *testing.T) {
	b := newBench(t)
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = w.Write(b.keySet(t))
	}))
	defer server.Close()
	config := filepath.Join(t.TempDir(), "kong.yml")
	text := fmt.Sprintf("plugins: [{name: jwks-verify, config: {insecure_http: true, jwks_proxy: '{vault://aws/proxy}', jwks_ca_certificates: '{vault://aws/ca}', issuers: [{issuer: %q, jwks_uri: %q, audiences: [https://api.example.test]}]}}]", issuer, server.URL)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, valid, err := b.run(t, b.token(t, nil), Options{Configs: []string{config}})
	if err != nil || !valid || asked != 1 {
		t.Errorf("valid: %t, %v, asked %d times", valid, err, asked)
	}
	server.Close()
	out, valid, err := b.run(t, b.token(t, nil), Options{Configs: []string{config}})
	if err != nil || valid || !strings.Contains(oneSpaced(out), "key failed keys_unavailable: ") {
		t.Errorf("valid: %t, %v, printed\n%s", valid, err, out)
	}
}

func TestWhatCannotBeJudgedIsAnError(t *testing.T) {
	b := newBench(t)
	for name, row := range map[string]struct {
		stdin  string
		change func(*Options)
		want   string
	}{
		"no configuration":             {"x", func(o *Options) { o.Configs = nil }, "--config"},
		"the standard input for both":  {"x", func(o *Options) { o.Configs = []string{"-"} }, "the standard input is the token's"},
		"a file that is not there":     {"x", func(o *Options) { o.Configs = []string{"testdata/away.yml"} }, "away.yml"},
		"several instances":            {"x", func(o *Options) { o.Instance = "" }, `jwks-verify: 2 instances: say --route, --service, or --instance with one of "partners", "route registered"`},
		"no such instance":             {"x", func(o *Options) { o.Instance = "x" }, "jwks-verify: no instance that is enabled and runs, as narrowed"},
		"an instance that is disabled": {"x", func(o *Options) { o.Instance = "route retired" }, "no instance"},
		"another service":              {"x", func(o *Options) { o.Service = "other" }, "no instance"},
		"another route":                {"x", func(o *Options) { o.Route = "registered" }, "no instance"},
		"no token":                     {" \n", func(*Options) {}, "the standard input is empty"},
		"a token of more than a MiB":   {strings.Repeat("a", maxInput+1), func(*Options) {}, "too large"},
		"a key set that is not there":  {"x", func(o *Options) { o.JWKS = "testdata/away" }, "reading the key set"},
		"a key set of more than a MiB": {"x", func(o *Options) {
			o.JWKS = filepath.Join(t.TempDir(), "jwks.json")
			if err := os.WriteFile(o.JWKS, append(b.keySet(t), make([]byte, maxInput)...), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "more than 1048576 bytes"},
		"a variable that is not set": {"x", func(*Options) { delete(b.env, "DECK_ISSUER") }, "DECK_ISSUER"},
	} {
		t.Run(name, func(t *testing.T) {
			b.env = map[string]string{"DECK_ISSUER": issuer}
			o := b.options()
			row.change(&o)
			out, valid, err := b.run(t, row.stdin, o)
			if err == nil || !strings.Contains(err.Error(), row.want) || valid || out != "" {
				t.Errorf("valid: %t, %v, printed %q; want %s", valid, err, out, row.want)
			}
		})
	}
}

func TestAnInstanceIsChosenByItsServiceAndRoute(t *testing.T) {
	b := newBench(t)
	for route, instance := range map[string]string{"ping": "instance partners", "registered": "instance route registered"} {
		out, _, err := b.run(t, b.token(t, nil), Options{Configs: []string{"testdata/kong.yml"}, Service: "api", Route: route, JWKS: b.jwks})
		if err != nil || !strings.HasPrefix(out, instance) {
			t.Errorf("%s: %v, printed %s", route, err, out)
		}
	}
}

// Kong falls back to the service's instance where a route has none.
func TestTheInstanceIsTheOneThatKongRuns(t *testing.T) {
	b := newBench(t)
	config := filepath.Join(t.TempDir(), "kong.yml")
	const issuers = `config: {issuers: [{issuer: "${{ env "DECK_ISSUER" }}", jwks_uri: "https://auth.example.test/k", audiences: [https://api.example.test]}]}`
	text := `services: [{name: api, url: "http://a", routes: [{name: bare}, {name: own, plugins: [{name: jwks-verify, ` + issuers + `}]}],
		plugins: [{name: jwks-verify, ` + issuers + `}]}]`
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for route, want := range map[string]string{"bare": "instance service api,", "own": "instance route own,"} {
		out, _, err := b.run(t, b.token(t, nil), Options{Configs: []string{config}, Route: route, JWKS: b.jwks})
		if err != nil || !strings.HasPrefix(out, want) {
			t.Errorf("on %s: %v, printed\n%s", route, err, out)
		}
	}
}
