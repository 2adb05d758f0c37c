package irule

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/test/witnessvector"
)

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "kong", "f5", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestAS3HasTheSameRule allows for the path of the data group, which is another in AS3's folder.
func TestAS3HasTheSameRule(t *testing.T) {
	var as3 struct {
		Declaration struct {
			Common struct {
				Shared struct {
					Keys struct {
						Class   string
						Records []struct{ Key, Value string }
					} `json:"tollgate_witness_keys"`
					Rule struct {
						Class, IRule string
						Expand       *bool
					} `json:"tollgate_witness"`
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(read(t, "witness.as3.json")), &as3); err != nil {
		t.Fatal(err)
	}
	shared := as3.Declaration.Common.Shared
	want := strings.ReplaceAll(read(t, "witness.irule.tcl"), `"/Common/tollgate_witness_keys"`, `"/Common/Shared/tollgate_witness_keys"`)
	if diff := cmp.Diff(want, shared.Rule.IRule); diff != "" {
		t.Errorf("the rule in AS3 (-want +got):\n%s", diff)
	}
	if shared.Rule.Class != "iRule" || shared.Rule.Expand == nil || *shared.Rule.Expand || shared.Keys.Class != "Data_Group" {
		t.Errorf("objects %+v", shared.Keys)
	}
	// The rule takes no key of less than 32 bytes: who forgets to put in his own has no witness, not a known key.
	if len(shared.Keys.Records) != 1 || shared.Keys.Records[0].Key != "signing" || len(shared.Keys.Records[0].Value) >= 32 {
		t.Errorf("records %+v", shared.Keys.Records)
	}
}

func TestTheRuleIsASCII(t *testing.T) {
	for i, c := range []byte(read(t, "witness.irule.tcl")) {
		if c > '~' || c < ' ' && c != '\n' {
			t.Errorf("byte %d is %q", i, c)
		}
	}
}

func TestTheReadmesExampleIsASharedOne(t *testing.T) {
	readme := read(t, "README.md")
	for _, v := range witnessvector.Load(t, root).Accepted {
		if v.Name != "one header erased, one deleted" {
			continue
		}
		digest := v.Value[strings.LastIndex(v.Value, "d=")+2:]
		command := "printf '" + strings.NewReplacer("\n", `\n`, "%", "%%").Replace(v.Covered) + "'"
		for _, text := range []string{v.Value, v.Covered, "`" + digest + "`", command, "-hmac " + v.Secret} {
			if !strings.Contains(readme, text) {
				t.Errorf("README.md lacks %q", text)
			}
		}
		return
	}
	t.Error("there is no such example")
}
