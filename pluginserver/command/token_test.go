package command

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const tokenConfig = `plugins: [{name: jwks-verify, config: {issuers: [{issuer: https://a.test, jwks_uri: https://a.test/jwks, audiences: [x], algorithms: [EdDSA]}]}}]`

// A script reads the exit code: a mistake must not look like a verdict on the token.
func TestTokenExplainTellsMistakesFromVerdicts(t *testing.T) {
	config := filepath.Join(t.TempDir(), "kong.yml")
	if err := os.WriteFile(config, []byte(tokenConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name string
		args []string
		env  string
		code int
		want string
	}{
		{"a token that is refused", []string{"--config", config}, "", 1, "refused: malformed"},
		{"the same for machines", []string{"--config", config, "--json"}, "", 1, `"reason": "malformed"`},
		{"no configuration", nil, "", 2, "--config must say"},
		{"an unknown flag", []string{"--confg", config}, "", 2, "unknown flag"},
		{"a token as an argument", []string{"opaque-token", "--config", config}, "", 2, "takes no argument"},
		{"a time that is none", []string{"--config", config, "--at", "noon"}, "", 2, "must be like 2026"},
		{"a time that is none, from the environment", []string{"--config", config}, "TOLLGATE_AT=noon", 2, "TOLLGATE_AT"},
		{"no such instance", []string{"--config", config, "--instance", "x"}, "", 2, "no instance"},
		{"help", []string{"--help"}, "", 0, "pluginserver token explain"},
	} {
		t.Run(row.name, func(t *testing.T) {
			cmd := pluginserver("pluginserver", append([]string{"token", "explain"}, row.args...)...)
			cmd.Env = append(cmd.Env, row.env)
			cmd.Stdin = strings.NewReader("opaque-token\n")
			out, err := cmd.CombinedOutput()
			code := 0
			if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
				code = exit.ExitCode()
			}
			if code != row.code || !strings.Contains(string(out), row.want) {
				t.Errorf("exit code %d, want %d, and %q in\n%s", code, row.code, row.want, out)
			}
			if strings.Contains(string(out), "opaque-token") {
				t.Errorf("the token is printed: %s", out)
			}
		})
	}
}

func TestTokenMistakesDoNotRepeatTheToken(t *testing.T) {
	const secret = "eyJhbGciOiJ" // starts as all tokens do
	for _, row := range []struct {
		name string
		args []string
		env  string
		code int
		want string
	}{
		{"a token in the command's place", []string{"token", secret}, "", 2, "the only command is explain"},
		{"a token in the place of all commands", []string{secret}, "", 1, "unknown command: see pluginserver --help"},
		{"the same, without capitals", []string{"opaque-but-longer-than-any-command"}, "", 1, "unknown command: see"},
		{"a token behind a mistaken command", []string{"tokn", secret}, "", 1, `unknown command "tokn"`},
		{"no command, a token on the standard input", []string{"token"}, "", 2, "say token explain"},
		{"an unknown flag of the parent", []string{"token", "--confg"}, "", 2, "unknown flag"},
		{"help", []string{"token", "--help"}, "", 0, "explain"},
		{"a token behind explain", []string{"token", "explain", secret}, "", 2, "takes no argument"},
		{"a token for a time", []string{"token", "explain", "--at", secret}, "", 2, "--at: must be like 2026"},
		{"a token for a switch", []string{"token", "explain", "--json=" + secret}, "", 2, "--json: invalid syntax"},
		{"a token for a time, from the environment", []string{"token", "explain"}, "TOLLGATE_AT=" + secret, 2, "TOLLGATE_AT: must be like 2026"},
		{"a token for a switch, from the environment", []string{"token", "explain"}, "TOLLGATE_JSON=" + secret, 2, "TOLLGATE_JSON: invalid syntax"},
	} {
		t.Run(row.name, func(t *testing.T) {
			cmd := pluginserver("pluginserver", row.args...)
			cmd.Env = append(cmd.Env, row.env)
			cmd.Stdin = strings.NewReader(secret)
			out, err := cmd.CombinedOutput()
			code := 0
			if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
				code = exit.ExitCode()
			}
			if code != row.code || !strings.Contains(string(out), row.want) || strings.Contains(string(out), secret) || strings.Contains(string(out), "opaque-but") {
				t.Errorf("exit code %d, want %d, and %q without the token in\n%s", code, row.code, row.want, out)
			}
		})
	}
}

func TestTokenExplainEndsWithZeroForAGoodToken(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	expires := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	signed, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"iss": "https://a.test", "aud": "x", "exp": expires.Unix()}).SignedString(private)
	if err != nil {
		t.Fatal(err)
	}
	config, keys := filepath.Join(t.TempDir(), "kong.yml"), filepath.Join(t.TempDir(), "jwks.json")
	set := fmt.Sprintf(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k1","x":%q}]}`, base64.RawURLEncoding.EncodeToString(public))
	if err := errors.Join(os.WriteFile(config, []byte(tokenConfig), 0o600), os.WriteFile(keys, []byte(set), 0o600)); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]error{"2026-03-01T11:59:00Z": nil, "2026-03-01T12:01:00Z": errors.New("expired")} {
		cmd := pluginserver("pluginserver", "token", "explain", "--config", config, "--jwks", keys, "--at", at)
		cmd.Stdin = strings.NewReader("Authorization: Bearer " + signed)
		if out, err := cmd.CombinedOutput(); (err == nil) != (want == nil) {
			t.Errorf("at %s: %v\n%s", at, err, out)
		}
	}
}
