package headerguard

import "testing"

func TestConnectionNamesNothingThatIsMeantForTheUpstream(t *testing.T) {
	g := guardOf(t, `{"hosts":["a"]}`)
	fault := []string{"hop_by_hop connection hop_by_hop"}
	for _, row := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"none", nil, nil},
		{"keep-alive", []string{"keep-alive"}, nil},
		{"close", []string{"Close"}, nil},
		{"a WebSocket", []string{"keep-alive, Upgrade"}, nil},
		{"HTTP/2 in clear", []string{"Upgrade, HTTP2-Settings"}, nil},
		{"trailers", []string{"TE, trailers"}, nil},
		{"empty elements", []string{"", " , ,close,"}, nil},
		{"a header that came", []string{"close, X-Tenant"}, fault},
		{"one that only the gateway sets", []string{"X-Consumer-Username"}, fault},
		{"one in the second line", []string{"close", "keep-alive, authorization"}, fault},
		{"several are one fault", []string{"a, b", "c"}, fault},
		{"one that begins like a known one", []string{"close-notify"}, fault},
		{"white space of Lua's csv around it", []string{"\tHost\v"}, fault},
		{"Content-Length is another fault", []string{"Content-Length"}, []string{"content_length content-length content_length"}},
		{"both", []string{"content-length, host"}, append([]string{"content_length content-length content_length"}, fault...)},
	} {
		t.Run(row.name, func(t *testing.T) {
			requireFound(t, row.want, g.found(headers{"host": {"a"}, "connection": row.lines}))
		})
	}
}

func TestHopByHopCanBeLeftOut(t *testing.T) {
	g := guardOf(t, `{"hosts":["a"],"refuse_hop_by_hop":false}`)
	requireFound(t, nil, g.found(headers{"host": {"a"}, "connection": {"x-tenant"}}))
	requireFound(t, []string{"content_length content-length content_length"}, g.found(headers{"host": {"a"}, "connection": {"content-length"}}))
}

func TestTheBodyEndsAtOnePlace(t *testing.T) {
	g := guardOf(t, `{"hosts":["a"]}`)
	for _, row := range []struct {
		name    string
		headers headers
		fault   bool
	}{
		{"no body", nil, false},
		{"a length", headers{"content-length": {"12"}}, false},
		{"a length without a body", headers{"content-length": {"0"}}, false},
		{"the same length twice", headers{"content-length": {"12", "12"}}, false},
		{"chunked", headers{"transfer-encoding": {"chunked"}}, false},
		{"two lengths", headers{"content-length": {"12", "13"}}, true},
		{"two lengths in one line", headers{"content-length": {"12, 12"}}, true},
		{"no length", headers{"content-length": {""}}, true},
		{"a sign", headers{"content-length": {"+12"}}, true},
		{"hexadecimal", headers{"content-length": {"0xc"}}, true},
		{"a length and chunked", headers{"content-length": {"12"}, "transfer-encoding": {"chunked"}}, true},
		{"Connection names it", headers{"content-length": {"12"}, "connection": {"close, Content-Length"}}, true},
		{"Connection names it, and it did not come", headers{"connection": {"content-length"}}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := headers{"host": {"a"}}
			for name, lines := range row.headers {
				h[name] = lines
			}
			var want []string
			if row.fault {
				want = []string{"content_length content-length content_length"}
			}
			requireFound(t, want, g.found(h))
		})
	}
}
