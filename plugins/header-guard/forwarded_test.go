package headerguard

import (
	"fmt"
	"testing"
)

func TestForwardedHeaders(t *testing.T) {
	const loose, strict = `{"presets":["forwarded"]}`, `{"presets":["forwarded"],"max_hops":2,"forwarded_proto":["https","wss"],"hosts":["a.example.com"]}`
	address := func(reason string) []string { return []string{"forwarded_for x-forwarded-for " + reason} }
	for _, row := range []struct {
		name, config string
		change       headers
		want         []string
	}{
		{"as a F5 sends them", strict, nil, nil},
		{"no X-Forwarded-For", loose, headers{"x-forwarded-for": nil}, address("forwarded_for")},
		{"a blank one", loose, headers{"x-forwarded-for": {""}}, address("forwarded_for")},
		{"two lines, a client's and the F5's", loose, headers{"x-forwarded-for": {"203.0.113.9", "192.0.2.1"}}, nil},
		{"one of the lines is blank", loose, headers{"x-forwarded-for": {"", "192.0.2.1"}}, address("forwarded_for")},
		{"what is no address", loose, headers{"x-forwarded-for": {"192.0.2.1, unknown"}}, address("forwarded_for")},
		{"an empty element", loose, headers{"x-forwarded-for": {"192.0.2.1,,192.0.2.2"}}, address("forwarded_for")},
		{"IPv6, with brackets and ports", loose, headers{"x-forwarded-for": {"2001:db8::1, [2001:db8::2], [2001:db8::3]:1234, 192.0.2.1:99"}}, nil},
		{"brackets around IPv4", loose, headers{"x-forwarded-for": {"[192.0.2.1]"}}, address("forwarded_for")},
		{"as many hops as allowed", strict, headers{"x-forwarded-for": {"192.0.2.1, 192.0.2.2"}}, nil},
		{"more hops than allowed", strict, headers{"x-forwarded-for": {"192.0.2.1, 192.0.2.2", "192.0.2.3"}}, address("forwarded_for")},
		{"no X-Forwarded-Proto", loose, headers{"x-forwarded-proto": nil}, []string{"forwarded_proto x-forwarded-proto forwarded_proto"}},
		{"in clear", loose, headers{"x-forwarded-proto": {"http"}}, []string{"forwarded_proto x-forwarded-proto forwarded_proto"}},
		{"a list, which is not https for Kong", loose, headers{"x-forwarded-proto": {"https, http"}}, []string{"forwarded_proto x-forwarded-proto forwarded_proto"}},
		{"two lines", loose, headers{"x-forwarded-proto": {"https", "https"}}, []string{"forwarded_proto x-forwarded-proto forwarded_proto"}},
		{"another value of the list", strict, headers{"x-forwarded-proto": {"wss"}}, nil},
		{"in capitals, which is not https for Kong", loose, headers{"x-forwarded-proto": {"HTTPS"}}, []string{"forwarded_proto x-forwarded-proto forwarded_proto"}},
		{"an address in another spelling, beside the load balancer's", loose, headers{"x_forwarded_for": {"192.0.2.9"}}, address("alias")},
		{"only in another spelling", loose, headers{"x-forwarded-for": nil, "x-forwarded_for": {"192.0.2.9"}}, address("alias")},
		{"a scheme in another spelling", loose, headers{"x_forwarded_proto": {"https"}}, []string{"forwarded_proto x-forwarded-proto alias"}},
		{"a host in another spelling", strict, headers{"x_forwarded_host": {"a.example.com"}}, []string{"forwarded_host x-forwarded-host alias"}},
		{"what no other check looks at, as it should be", loose, headers{"x-forwarded-port": {"1"}, "x-forwarded-prefix": {"/"}, "x-forwarded-path": {"/"}}, nil},
		{"the same in other spellings", loose, headers{"x_forwarded_port": {"1"}, "x_forwarded_prefix": {"/"}, "x-forwarded_path": {"/"}}, []string{
			"forwarded_alias x-forwarded-port alias", "forwarded_alias x-forwarded-prefix alias", "forwarded_alias x-forwarded-path alias"}},
		{"a rule's, which tells itself", `{"presets":["forwarded"],"rules":[{"header":"X-Forwarded-Port","required":false}]}`, headers{"x_forwarded_port": {"1"}},
			[]string{"rules[1] x-forwarded-port alias"}},
		{"a scheme in another spelling, for tls_offload", `{"presets":["tls_offload"]}`, headers{"x_forwarded_proto": {"https"}}, []string{"forwarded_proto x-forwarded-proto alias"}},
		{"no X-Forwarded-Host", strict, headers{"x-forwarded-host": nil}, nil},
		{"any host where there is no list", loose, headers{"x-forwarded-host": {"whatever.test:80"}}, nil},
		{"a host that is none", loose, headers{"x-forwarded-host": {"a, b"}}, []string{"forwarded_host x-forwarded-host forwarded_host"}},
		{"a host that is not in the list", strict, headers{"x-forwarded-host": {"b.example.com"}}, []string{"forwarded_host x-forwarded-host forwarded_host"}},
		{"two hosts", strict, headers{"x-forwarded-host": {"a.example.com", "a.example.com"}}, []string{"forwarded_host x-forwarded-host forwarded_host"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := headers{
				"host": {"a.example.com"}, "x-forwarded-for": {"192.0.2.1"}, "x-forwarded-proto": {"https"}, "x-forwarded-host": {"a.example.com"},
			}
			for name, lines := range row.change {
				h[name] = lines
			}
			requireFound(t, row.want, guardOf(t, row.config).found(h))
		})
	}
}

func FuzzForwardedFor(f *testing.F) {
	for _, seed := range []string{"192.0.2.1", "192.0.2.1, 192.0.2.2", "[::1]:80", "::1%eth0", ",", "a,\xff", "1.2.3.4:99999"} {
		f.Add(seed, seed)
	}
	g := guardOf(f, `{"presets":["forwarded"],"max_hops":3}`)
	f.Fuzz(func(t *testing.T, one, two string) {
		got := g.found(headers{"x-forwarded-for": {one, two}, "x-forwarded-proto": {"https"}})
		if len(got) > 1 {
			t.Errorf("several faults: %q", got)
		}
		if len(got) == 0 && len(one)+len(two) < 2*len("::") {
			t.Errorf("no address fits into %q and %q", one, two)
		}
		swapped := g.found(headers{"x-forwarded-for": {two, one}, "x-forwarded-proto": {"https"}})
		joined := g.found(headers{"x-forwarded-for": {one + "," + two}, "x-forwarded-proto": {"https"}})
		if fmt.Sprint(got) != fmt.Sprint(swapped) || fmt.Sprint(got) != fmt.Sprint(joined) {
			t.Errorf("lines are a list in any order: %q, %q, %q", got, swapped, joined)
		}
	})
}
