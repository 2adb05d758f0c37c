package main

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestARouteIsChosenWithWhatItIsComparedWith(t *testing.T) {
	for names, want := range map[string][]string{
		"tl-ietf":  {"rl-redis", "tl-ietf"},
		"tl-kong":  {"rl-redis", "tl-stock", "tl-own", "tl-kong"},
		"open,all": {"open", "jwt-rl", "all"},
	} {
		chosen, err := choose(routes(place{}), names)
		var got []string
		for _, r := range chosen {
			got = append(got, r.name)
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", names, err, diff)
		}
	}
	if _, err := choose(routes(place{}), "open,nobody"); err == nil {
		t.Error("an unknown route is no error")
	}
}

func TestRoutesAreToldApartAndComparedWithOthers(t *testing.T) {
	all := routes(place{})
	for i, r := range all {
		if slices.ContainsFunc(all[:i], func(other route) bool { return other.name == r.name || other.title == r.title }) {
			t.Errorf("two routes are called %s, %q", r.name, r.title)
		}
		for _, against := range r.against {
			if !slices.ContainsFunc(all[:i], func(other route) bool { return other.name == against }) {
				t.Errorf("no route before %s is called %s", r.name, against)
			}
		}
	}
}

func TestReadStat(t *testing.T) {
	for name, row := range map[string]struct {
		text   string
		want   process
		parent int
		bad    bool
	}{
		"a process":                   {text: "812 (nginx) S 811 812 811 0", want: process{812, "nginx"}, parent: 811},
		"a name with spaces and more": {text: "7 (a) b (c) R 1 7 7 0", want: process{7, "a) b (c"}, parent: 1},
		"nothing":                     {bad: true},
		"a line that ends":            {text: "7 (a) R", bad: true},
		"an id that is none":          {text: "x (a) R 1", bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			p, parent, err := readStat(row.text)
			if (err != nil) != row.bad || !row.bad && (p != row.want || parent != row.parent) {
				t.Errorf("%+v below %d, error %v", p, parent, err)
			}
		})
	}
}
