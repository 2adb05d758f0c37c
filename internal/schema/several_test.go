package schema

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// several has each check over several fields, two of which have defaults.
func several() Record {
	return Record{
		Fields: []Field{
			{Name: "host", Kind: String, Doc: "One way to say where."},
			{Name: "nodes", Kind: Array, Doc: "Another way to say where.", Elements: &Field{Kind: String}},
			{Name: "cert", Kind: String, Doc: "What goes with the key."},
			{Name: "key", Kind: String, Doc: "What goes with the certificate.", Encrypted: true},
		},
		Checks: []Check{
			{MutuallyExclusive: []string{"host", "nodes"}},
			{MutuallyRequired: []string{"cert", "key"}},
		},
	}
}

func TestChecksOverSeveralFields(t *testing.T) {
	for _, row := range []struct {
		name, config string
		want         []string
	}{
		{"none of them", `{}`, nil},
		{"one of those that exclude each other", `{"host": "h", "nodes": []}`, nil},
		{"an empty object for an empty list, as Lua has it", `{"host": "h", "nodes": {}}`, nil},
		{"two of those that exclude each other", `{"host": "h", "nodes": ["n"]}`, []string{"must have only one of host, nodes, got host and nodes"}},
		{"all of those that need each other", `{"cert": "c", "key": "k"}`, nil},
		{"one of those that need each other", `{"key": "hunter2"}`, []string{"must have all of cert, key or none, got key"}},
		{"both", `{"host": "h", "nodes": ["n"], "cert": "c"}`, []string{
			"must have only one of host, nodes, got host and nodes", "must have all of cert, key or none, got cert"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var into struct {
				Host, Cert, Key string
				Nodes           []string
			}
			var got []string
			if list := (*Error)(nil); errors.As(several().Decode([]byte(row.config), &into), &list) {
				for _, p := range list.Problems {
					got = append(got, p.String())
				}
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestKongNamesTheChecksAsItsEntityChecks(t *testing.T) {
	got, err := json.Marshal(several().kong()["entity_checks"])
	if err != nil {
		t.Fatal(err)
	}
	if want := `[{"mutually_exclusive":["host","nodes"]},{"mutually_required":["cert","key"]}]`; string(got) != want {
		t.Errorf("entity checks %s, want %s", got, want)
	}
}
