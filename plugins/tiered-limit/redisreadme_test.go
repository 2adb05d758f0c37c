package tieredlimit

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"tollgate/internal/plugin"
	"tollgate/test/redistest"
)

// The redis records that the README shows are taken as they stand there, with secrets in the place of the
// references, as Kong puts them.
func TestTheRecordsInTheReadmeAreTaken(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	ca := redistest.NewAuthority(t)
	secrets := map[string]string{"ssl_ca_cert": ca.PEM}
	secrets["ssl_cert"], secrets["ssl_cert_key"] = ca.Sign(t, "client")
	shown := strings.Split(string(text), "```yml\nredis:\n")[1:]
	const want = 5
	if len(shown) != want {
		t.Errorf("%d records are shown, want %d", len(shown), want)
	}
	for _, rest := range shown {
		block, _, _ := strings.Cut(rest, "```")
		var record map[string]any
		if err := yaml.Unmarshal([]byte(block), &record); err != nil {
			t.Fatalf("%v in %s", err, block)
		}
		for name, value := range record {
			if reference, ok := value.(string); ok && strings.HasPrefix(reference, "{vault://") && secrets[name] != "" {
				record[name] = secrets[name]
			}
		}
		data, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := plugin.Decode[Config](Schema(), withRedis(string(data))); err != nil {
			t.Errorf("%s: %v", block, err)
		}
	}
}

// The README and the message name the rights that the tests give.
func TestTheReadmeNamesTheRights(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	rights, _, _ := strings.Cut(neededRights, ", ")
	if !strings.Contains(string(text), "`"+rights+"`") || !strings.Contains(string(text), "`"+neededInCluster+"`") {
		t.Errorf("the README lacks the rights %s and %s", rights, neededInCluster)
	}
	if !strings.Contains(aclUser, rights) {
		t.Errorf("the tests' user has other rights: %s", aclUser)
	}
}
