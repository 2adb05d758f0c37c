package headerguard

import (
	"os"
	"strings"
	"testing"

	"tollgate/internal/schema/schematest"
)

func TestReadmeAndConfigAreAsTheSchemaSays(t *testing.T) { schematest.Check[Config](t, Schema()) }

func TestReadmeNamesEveryReasonAndDecision(t *testing.T) {
	readme := readme(t)
	for _, name := range []string{
		string(Missing), string(HopByHop), string(Blank), string(NotUTF8), string(Pattern),
		string(passed), string(audited), string(rejected), string(unread), challenge,
	} {
		if !strings.Contains(readme, name) {
			t.Errorf("README.md does not name %s", name)
		}
	}
}

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
