package router

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/test/kongsim/internal/deck"
)

func TestFind(t *testing.T) {
	r, err := New([]*deck.Route{
		{Name: "root", Paths: []string{"/"}},
		{Name: "api", Paths: []string{"/api", "/api/v2/deep"}},
		{Name: "api-v2", Paths: []string{"/api/v2"}},
		{Name: "post", Paths: []string{"/api"}, Methods: []string{"POST"}},
		{Name: "host", Hosts: []string{"a.example"}, Paths: []string{"/api"}},
		{Name: "wild", Hosts: []string{"*.example"}, Paths: []string{"/api"}},
		{Name: "host-only", Hosts: []string{"b.example"}},
		{Name: "regex", Paths: []string{`~/user/(?<id>\d+)/(\w+)$`}},
		{Name: "urgent", Paths: []string{`~/user/7/.*`}, RegexPriority: 5},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ method, host, path, want string }{
		{"GET", "x", "/none", "root"},
		{"GET", "x", "/apiary", "api"}, // a prefix is no segment
		{"GET", "x", "/api/v2/x", "api-v2"},
		{"GET", "x", "/api/v2/deep/x", "api"},
		{"POST", "x", "/api/v2/x", "post"}, // two criteria outweigh a longer path
		{"GET", "a.example:8000", "/api/v2/x", "host"},
		{"GET", "A.EXAMPLE", "/api", "host"},
		{"GET", "c.example", "/api", "wild"},
		{"GET", "b.example", "/none", "host-only"},
		{"GET", "x", "/user/5/name", "regex"},
		{"GET", "x", "/user/7/name", "urgent"},
		{"GET", "x", "/user/x/name", "root"},
	} {
		match, ok := r.Find(row.method, row.host, row.path)
		if !ok || match.Route.Name != row.want {
			t.Errorf("%s %s%s: %+v, want %s", row.method, row.host, row.path, match, row.want)
		}
	}
	match, _ := r.Find("GET", "x", "/user/5/name")
	want := Captures{Unnamed: []string{"5", "name"}, Named: map[string]string{"id": "5"}}
	if diff := cmp.Diff(want, match.Captures); diff != "" {
		t.Errorf("captures (-want +got):\n%s", diff)
	}
}

func TestNoRoute(t *testing.T) {
	r, err := New([]*deck.Route{{Name: "a", Paths: []string{"/a"}}})
	if err != nil {
		t.Fatal(err)
	}
	if match, ok := r.Find("GET", "x", "/b"); ok {
		t.Errorf("found %+v", match)
	}
	if _, err := New([]*deck.Route{{Name: "a", Paths: []string{"~/("}}}); err == nil {
		t.Error("a path that is no regular expression was accepted")
	}
}

// The table of Kong's documentation for path_handling v0.
func TestUpstreamPath(t *testing.T) {
	for _, row := range []struct {
		service, route string
		strip          bool
		path, want     string
	}{
		{"/s", "/fv0", false, "/fv0/req", "/s/fv0/req"},
		{"/s", "/fv0", true, "/fv0/req", "/s/req"},
		{"/s", "/fv0", true, "/fv0", "/s"},
		{"/s", "/fv0", true, "/fv0/", "/s/"},
		{"/s/", "/fv0", true, "/fv0", "/s"},
		{"/s/", "/fv0/", true, "/fv0/", "/s/"},
		{"/s/", "/fv0", true, "/fv0req", "/s/req"},
		{"/s", "/fv0", true, "/fv0req", "/s/req"},
		{"/s/", "/fv0", false, "/fv0/req", "/s/fv0/req"},
		{"", "/fv0", true, "/fv0", "/"},
		{"", "/fv0", true, "/fv0/x", "/x"},
		{"", "/", true, "/x", "/x"},
		{"/s/", "/", true, "/", "/s/"},
		{"/s", "/", true, "/", "/s"},
		{"/s", "/", false, "/", "/s"},
		{"/s", "/a", true, "/a../etc", "/s/etc"},
	} {
		r, err := New([]*deck.Route{{Paths: []string{row.route}, StripPath: row.strip}})
		if err != nil {
			t.Fatal(err)
		}
		match, ok := r.Find("GET", "x", row.path)
		if !ok {
			t.Errorf("%s does not match %s", row.route, row.path)
			continue
		}
		if got := match.UpstreamPath(&deck.Service{Path: row.service}, row.path); got != row.want {
			t.Errorf("service %q, route %q, strip %v, request %s: %s, want %s", row.service, row.route, row.strip, row.path, got, row.want)
		}
	}
}
