package headerguard

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadRequestLine(t *testing.T) {
	for text, want := range map[string][3]string{
		"GET /a/b?token=x HTTP/1.1":                 {"GET", "/a/b", "/a/b"},
		"GET /a b HTTP/1.1":                         {"GET", "/a b", "/a b"}, // nginx lets it through
		"GET /a":                                    {"GET", "/a", "/a"},
		"GET /a#b/../c?x HTTP/1.1":                  {"GET", "/a#b/../c", "/c"}, // Kong's router has no fragments
		"OPTIONS * HTTP/1.1":                        {"OPTIONS", "*", "*"},
		"GET http://a.example.com/x?y HTTP/1.1":     {"GET", "/x", "/x"},
		"GET http://a.example.com HTTP/1.1":         {"GET", "/", "/"},
		"GET /redirect/http://b.example.com HTTP/2": {"GET", "/redirect/http://b.example.com", "/redirect/http:/b.example.com"},
		"GET ? HTTP/1.1":                            {"GET", "", ""},
		"GET":                                       {"", "", ""},
		"":                                          {"", "", ""},
		" / HTTP/1.1":                               {"", "", ""},
	} {
		l := readRequestLine(text)
		if diff := cmp.Diff(want, [3]string{l.method, l.path, l.routed}); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

// What Kong 3.9.3 makes of these was read off kong.tools.uri.normalize(path, true).
func TestRoutedPathIsAsKongsRouterSeesIt(t *testing.T) {
	for path, want := range map[string]string{
		"/": "/", "/a": "/a", "/a/": "/a/", "//a///b": "/a/b", "/a//": "/a/", "/.": "/", "/..": "/", "/a/.": "/a/", "/a/..": "/",
		"/a/./b": "/a/b", "/a/../b": "/b", "/a/b/..": "/a/", "/../../a": "/a", "/a.b/..c/.d": "/a.b/..c/.d",
		"/%61%2D%7e": "/a-~", "/a%2fb": "/a%2Fb", "/%2e%2E/a": "/a", "/a/%2e%2e/b": "/b", "/%c3%a9": "/\xc3\xa9", "/%zz%4": "/%zz%4", "/%25%32%65": "/%252e",
	} {
		if got := routedPath(path); got != want {
			t.Errorf("%s becomes %q, want %q", path, got, want)
		}
	}
}

func FuzzReadRequestLine(f *testing.F) {
	for _, seed := range []string{"GET /a/../%2e?x HTTP/1.1", "OPTIONS * HTTP/1.1", "GET http://h//a/./b/.. HTTP/1.0", "PUT /%ff%41 \x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l := readRequestLine(text)
		if strings.Contains(l.path, "?") {
			t.Errorf("%q keeps its query: %q", text, l.path)
		}
		if !strings.HasPrefix(l.path, "/") {
			return
		}
		for _, segment := range strings.Split(l.routed, "/") {
			if segment == ".." || segment == "." {
				t.Errorf("%q leads elsewhere: %q", l.path, l.routed)
			}
		}
		if strings.Contains(l.routed, "//") {
			t.Errorf("%q has an empty segment: %q", l.path, l.routed)
		}
		for _, c := range []byte(loggedPath(l.path)) {
			if c <= ' ' || c > '~' {
				t.Errorf("%q is not fit for a log", l.path)
			}
		}
	})
}
