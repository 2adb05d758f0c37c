package token

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

func TestTheConsumerIsLookedForInTheFiles(t *testing.T) {
	b := newBench(t)
	alone := filepath.Join(t.TempDir(), "kong.yml")
	text, err := os.ReadFile("testdata/kong.yml")
	if err != nil {
		t.Fatal(err)
	}
	without, _, _ := strings.Cut(string(text), "consumers:")
	if err := os.WriteFile(alone, []byte(without), 0o600); err != nil {
		t.Fatal(err)
	}
	const annID = "acf09174-745e-5b26-aaec-4763c149acd7" // as Kong derives it
	shadowed := filepath.Join(t.TempDir(), "kong.yml")
	if err := os.WriteFile(shadowed, append(text, "  - username: "+annID+"\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		config, instance, client string
		valid                    bool
		line                     string
	}{
		"by username":                          {"testdata/kong.yml", "partners", "ann", true, `consumer ok "ann"`},
		"none, and none needed":                {"testdata/kong.yml", "partners", "bob", true, `consumer ok none; the files have none for the username "bob"`},
		"an id is no username":                 {"testdata/kong.yml", "partners", annID, true, `none; the files have none for the username "` + annID + `"`},
		"an id hides the username":             {shadowed, "partners", annID, true, `none; the files have none for the username "` + annID + `"`},
		"by id":                                {"testdata/kong.yml", "route registered", annID, true, `consumer ok "ann"`},
		"none, and one needed":                 {"testdata/kong.yml", "route registered", "11111111-1111-4111-8111-111111111111", false, "consumer failed consumer: the files have none for the id"},
		"nobody that could be one, one needed": {"testdata/kong.yml", "route registered", "ann", false, "consumer failed consumer: the files have none for what the token names: nobody"},
		"files without consumers":              {alone, "partners", "ann", true, `consumer skipped the files have no consumers; Kong is asked for the username "ann"`},
	} {
		t.Run(name, func(t *testing.T) {
			o := b.options()
			o.Configs, o.Instance = []string{row.config}, row.instance
			out, valid, err := b.run(t, b.token(t, jwt.MapClaims{"client_id": row.client}), o)
			if err != nil || valid != row.valid || !strings.Contains(oneSpaced(out), row.line) {
				t.Errorf("valid: %t, %v, printed\n%s", valid, err, out)
			}
		})
	}
}
