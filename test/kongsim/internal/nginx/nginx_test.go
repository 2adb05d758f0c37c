package nginx

import (
	"fmt"
	"net/http"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRealIP(t *testing.T) {
	const peer = "10.0.0.1"
	for _, row := range []struct {
		name      string
		trusted   []string
		header    string
		recursive bool
		sent      []string
		want      string
	}{
		{"nobody trusted", nil, "", false, []string{"203.0.113.7"}, peer},
		{"another network trusted", []string{"192.0.2.0/24"}, "", false, []string{"203.0.113.7"}, peer},
		{"the peer trusted", []string{peer}, "", false, []string{"203.0.113.7"}, "203.0.113.7"},
		{"no header", []string{peer}, "", false, nil, peer},
		{"a header that is no address", []string{peer}, "", false, []string{"unknown"}, peer},
		{"the last address counts", []string{peer}, "X-Forwarded-For", false, []string{"1.1.1.1, 2.2.2.2"}, "2.2.2.2"},
		{"of two lines the last counts", []string{peer}, "X-Forwarded-For", false, []string{"1.1.1.1", "2.2.2.2"}, "2.2.2.2"},
		{"recursive goes on over trusted ones", []string{"10.0.0.0/8"}, "X-Forwarded-For", true, []string{"1.1.1.1, 10.9.9.9"}, "1.1.1.1"},
		{"recursive stops at the first untrusted one", []string{"10.0.0.0/8"}, "X-Forwarded-For", true, []string{"1.1.1.1, 2.2.2.2, 10.9.9.9"}, "2.2.2.2"},
		{"recursive over trusted ones only ends at the first", []string{"10.0.0.0/8"}, "X-Forwarded-For", true, []string{"10.8.8.8, 10.9.9.9"}, "10.8.8.8"},
		{"IPv6 with a port", []string{peer}, "X-Forwarded-For", false, []string{"[2001:db8::1]:443"}, "2001:db8::1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r, err := NewRealIP(row.trusted, row.header, row.recursive)
			if err != nil {
				t.Fatal(err)
			}
			name := row.header
			if name == "" {
				name = "X-Real-Ip"
			}
			h := FromRequest(&http.Request{Header: http.Header{http.CanonicalHeaderKey(name): row.sent}}, nil)
			got := r.Client(netip.MustParseAddrPort(peer+":999"), h)
			if got.Addr().String() != row.want {
				t.Errorf("client %s, want %s", got.Addr(), row.want)
			}
		})
	}
	if _, err := NewRealIP([]string{"10.0.0.0/99"}, "", false); err == nil {
		t.Error("a CIDR that is none was accepted")
	}
}

func TestNormalizePath(t *testing.T) {
	for in, want := range map[string]string{
		"/": "/", "/a/b": "/a/b", "//a///b": "/a/b", "/a/./b": "/a/b", "/a/../b": "/b", "/../../b": "/b",
		"/a/..": "/", "/a/.": "/a/", "/a/": "/a/", "/a//": "/a/",
		"/%61/%2e%2e/b": "/b", "/a%2fb": "/a%2Fb", "/a%20b": "/a b", "/50%": "/50%", "/%zz": "/%zz",
	} {
		if got := NormalizePath(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	if got := DecodePath("/a%2fb/%2e%2e/c%20d"); got != "/a/c d" {
		t.Errorf("DecodePath: %s", got)
	}
	if got := EscapePath("/a b/é%2F?"); got != "/a%20b/%C3%A9%2F?" {
		t.Errorf("EscapePath: %s", got)
	}
}

func TestDecodeArgs(t *testing.T) {
	got := DecodeArgs("a=1&flag&b=x+y%21&a=2&empty=&=nameless&bad=%zz", 100)
	want := map[string]any{"a": []any{"1", "2"}, "flag": true, "b": "x y!", "empty": "", "bad": "%zz"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("args (-want +got):\n%s", diff)
	}
	if n := len(DecodeArgs("a=1&b=2&c=3", 2)); n != 2 {
		t.Errorf("%d arguments read, want 2", n)
	}
}

func TestEncodeAndRemoveArgs(t *testing.T) {
	got := EncodeArgs(map[string]any{"b": "x y", "a": []any{"1", true}, "n": 5.0})
	if want := "a=1&a&b=x%20y&n=5"; got != want {
		t.Errorf("encoded %s, want %s", got, want)
	}
	if got := RemoveArg("a=1&b=2&%61=3&c", "a"); got != "b=2&c" {
		t.Errorf("removed: %s", got)
	}
}

func TestHeadersSetKeepsThePlace(t *testing.T) {
	h := FromRequest(&http.Request{Host: "h", Header: http.Header{"A": {"1", "2"}, "B": {"3"}, "A_b": {"4"}}}, nil)
	h.Set("a", "5", "6")
	h.Set("new", "7")
	h.Set("b")
	if diff := cmp.Diff("[{Host h} {a 5} {a 6} {A_b 4} {new 7}]", fmt.Sprint(h.Fields())); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func TestDuplicateHeaders(t *testing.T) {
	for _, row := range []struct {
		header http.Header
		want   string
	}{
		{http.Header{"Authorization": {"a", "b"}}, "authorization"},
		{http.Header{"If-Match": {"a", "b"}}, "if-match"},
		{http.Header{"Accept": {"a", "b"}}, ""},
	} {
		if got, _ := FromRequest(&http.Request{Header: row.header}, nil).Duplicate(); got != row.want {
			t.Errorf("%v: %q, want %q", row.header, got, row.want)
		}
	}
}

func TestCookiesAreJoinedTheirOwnWay(t *testing.T) {
	h := FromRequest(&http.Request{Header: http.Header{"Cookie": {"a=1", "b=2"}, "X-A": {"1", "2"}}}, nil)
	if got, _ := h.Var("cookie"); got != "a=1; b=2" {
		t.Errorf("cookie %q", got)
	}
	if got, _ := h.Var("x_a"); got != "1, 2" {
		t.Errorf("x_a %q", got)
	}
}

func TestAnIndexedVariableKeepsItsFirstReading(t *testing.T) {
	index := &Index{}
	fresh := func() *Headers {
		return FromRequest(&http.Request{Header: http.Header{"Authorization": {"a"}, "X-A": {"1"}}}, index)
	}
	read := func(h *Headers, name string) string {
		value, _ := h.Get(name)
		return value
	}
	h := fresh()
	h.Clear("Authorization")
	if got := read(h, "authorization"); got != "" {
		t.Errorf("cleared before it was read: %q", got)
	}
	h = fresh()
	read(h, "authorization")
	read(h, "x-a")
	h.Clear("Authorization")
	h.Clear("X-A")
	if got := read(h, "authorization") + read(h, "x-a"); got != "a" {
		t.Errorf("cleared after it was read: %q", got)
	}
	if h.Table(MaxHeaders)["authorization"] != nil {
		t.Error("the table shows a cleared header")
	}
	h.Set("authorization", "b")
	h = fresh()
	read(h, "authorization")
	h.Clear("Authorization")
	if got := read(h, "authorization"); got != "" {
		t.Errorf("cleared after a set has ended the index: %q", got)
	}
}
