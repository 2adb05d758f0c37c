package loadbalancer

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// balancer is one of the three.
type balancer interface {
	Start(tb testing.TB, upstream string) (addr string)
}

// all are the balancers that can carry a behaviour out.
func all(b Behaviour) map[string]balancer {
	balancers := map[string]balancer{"the proxy": F5{Behaviour: b}, "haproxy": HAProxy{Behaviour: b}}
	if len(b.Insert) == 0 {
		balancers["nginx"] = Nginx{b}
	}
	return balancers
}

// carriedOut is a behaviour, and what arrives of a request.
type carriedOut struct {
	name string
	Behaviour
	sends []string
	// want are the values of a header's lines, after white space around them was cut off.
	want map[string][]string
}

func behaviours() []carriedOut {
	return []carriedOut{
		{"nothing is done", Behaviour{}, []string{"Host: a", "X-One: 1", "X_Two: 2"},
			map[string][]string{"Host": {"a"}, "X-One": {"1"}, "X_Two": {"2"}, "X-Forwarded-For": nil, "Via": nil, "X-Forwarded-Proto": nil}},
		{"a header is erased", Behaviour{Erase: []string{"X-One"}}, []string{"Host: a", "x-one: secret", "X-Two: 2"},
			map[string][]string{"X-One": {""}, "X-Two": {"2"}}},
		{"a header that did not come is erased", Behaviour{Erase: []string{"X-One"}}, []string{"Host: a"},
			map[string][]string{"X-One": nil}},
		{"a header is deleted, in each of its lines", Behaviour{Delete: []string{"X-One", "Via"}}, []string{"Host: a", "X-One: 1", "X-ONE: 2", "Via: 1.1 cdn", "X-Two: 2"},
			map[string][]string{"X-One": nil, "Via": nil, "X-Two": {"2"}}},
		{"a header is replaced", Behaviour{Replace: []Line{{"X-One", "new"}}}, []string{"Host: a", "X-One: 1", "X-Two: 2"},
			map[string][]string{"X-One": {"new"}, "X-Two": {"2"}}},
		{"a header that did not come is added", Behaviour{Replace: []Line{{"X-One", "new"}}}, []string{"Host: a"},
			map[string][]string{"X-One": {"new"}}},
		{"a line is added beside another", Behaviour{Insert: []Line{{"X-One", "new"}}}, []string{"Host: a", "X-One: 1"},
			map[string][]string{"X-One": {"1", "new"}}},
		{"the host is rewritten", Behaviour{Host: "internal"}, []string{"Host: a"},
			map[string][]string{"Host": {"internal"}}},
		{"the client's address is added", Behaviour{ForwardedFor: true}, []string{"Host: a"},
			map[string][]string{"X-Forwarded-For": {"127.0.0.1"}}},
	}
}

func TestBehavioursAreCarriedOut(t *testing.T) {
	for _, row := range behaviours() {
		for name, b := range all(row.Behaviour) {
			t.Run(row.name+" by "+name, func(t *testing.T) {
				upstream, arrivals := server(t)
				if status := connect(t, b.Start(t, upstream)).send("GET", row.sends...); status != 200 {
					t.Fatalf("status %d", status)
				}
				got := <-arrivals
				if got.peer != SNAT || got.target != "/path?query" {
					t.Errorf("%s came from %s", got.target, got.peer)
				}
				for header, want := range row.want {
					if diff := cmp.Diff(want, trimmed(got.values(header))); diff != "" {
						t.Errorf("%s (-want +got):\n%s", header, diff)
					}
				}
			})
		}
	}
}

func trimmed(values []string) (out []string) {
	for _, value := range values {
		out = append(out, strings.TrimSpace(value))
	}
	return out
}

func TestASecondForwardedForIsALineOfItsOwnButForNginx(t *testing.T) {
	for name, want := range map[string][]string{
		"the proxy": {"192.0.2.1", "127.0.0.1"}, "haproxy": {"192.0.2.1", "127.0.0.1"}, "nginx": {"192.0.2.1, 127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			upstream, arrivals := server(t)
			addr := all(Behaviour{ForwardedFor: true})[name].Start(t, upstream)
			connect(t, addr).send("GET", "Host: a", "X-Forwarded-For: 192.0.2.1")
			if diff := cmp.Diff(want, (<-arrivals).values("X-Forwarded-For")); diff != "" {
				t.Errorf("X-Forwarded-For (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnErasedValueIsSpacesOnTheWire(t *testing.T) {
	upstream, arrivals := server(t)
	addr := F5{Behaviour: Behaviour{Erase: []string{"X-One"}}}.Start(t, upstream)
	connect(t, addr).send("GET", "Host: a", "X-One: secret")
	if got := (<-arrivals).values("X-One"); !slices.Equal(got, []string{"      "}) {
		t.Errorf("X-One is %q", got)
	}
}

func TestRejectedMethodsDoNotArrive(t *testing.T) {
	for name, b := range all(Behaviour{Reject: []string{"PATCH"}}) {
		t.Run(name, func(t *testing.T) {
			upstream, arrivals := server(t)
			addr := b.Start(t, upstream)
			if status := connect(t, addr).send("PATCH", "Host: a"); status != 0 {
				t.Errorf("status %d, want a closed connection", status)
			}
			connect(t, addr).send("GET", "Host: a")
			if got := (<-arrivals).method; got != "GET" {
				t.Errorf("%s arrived", got)
			}
		})
	}
}

func TestClientsShareAConnectionWhereItIsReused(t *testing.T) {
	for name, row := range map[string]struct {
		balancer
		shared bool
	}{
		"the proxy":                     {F5{}, false},
		"the proxy, that reuses":        {F5{Reuse: true}, true},
		"haproxy":                       {HAProxy{}, false},
		"haproxy, that reuses":          {HAProxy{Reuse: true}, true},
		"nginx, that reuses in any way": {Nginx{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			upstream, arrivals := server(t)
			addr := row.Start(t, upstream)
			const clients = 10 // a balancer may answer before it has the server's connection back
			seen := map[string]bool{}
			for range clients {
				connect(t, addr).send("GET", "Host: a")
				seen[(<-arrivals).port] = true
			}
			if shared := len(seen) < clients; shared != row.shared {
				t.Errorf("%d clients had %d connections to the server", clients, len(seen))
			}
		})
	}
}
