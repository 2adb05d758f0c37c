package declarative

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReferencesAreResolvedOrNamed(t *testing.T) {
	env := func(name string) (string, bool) { return "pem of " + name, name == "CA_PEM" }
	got, unread, err := Resolve([]byte(`{"a":"{vault://env/ca-pem}","b":"{vault://env/away}","c":"{vault://aws/x}","d":"plain","e":1,
		"f":{"g":["x","{vault://env/ca-pem}","{vault://aws/y}"],"h":{"i":"{vault://env/away}"}}}`), env)
	const want = `{"a":"pem of CA_PEM","b":"{vault://env/away}","c":"{vault://aws/x}","d":"plain","e":1,` +
		`"f":{"g":["x","pem of CA_PEM","{vault://aws/y}"],"h":{"i":"{vault://env/away}"}}}`
	if err != nil || string(got) != want || !cmp.Equal(unread, []string{"b", "c", "f.g[3]", "f.h.i"}) {
		t.Errorf("%s, %q, %v", got, unread, err)
	}
	if _, _, err := Resolve([]byte(`[]`), env); err == nil {
		t.Error("a list was read as a configuration")
	}
}
