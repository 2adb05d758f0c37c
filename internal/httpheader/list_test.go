package httpheader

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAListIsReadByName(t *testing.T) {
	l := FromMap(map[string][]string{"via": {"a", "b"}, "host": {"x"}, "empty": {}, "x_api": {""}})
	if diff := cmp.Diff(List{{"empty", []string{}}, {"host", []string{"x"}}, {"via", []string{"a", "b"}}, {"x_api", []string{""}}}, l); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	for name, want := range map[string][]string{"via": {"a", "b"}, "x_api": {""}, "x-api": nil, "vi": nil, "": nil} {
		if diff := cmp.Diff(want, l.Lines(name)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", name, diff)
		}
	}
	if n := l.Count(); n != 4 {
		t.Errorf("%d lines, want 4", n)
	}
}
