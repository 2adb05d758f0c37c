package headerguard

import "testing"

func TestHostIsOneOfTheList(t *testing.T) {
	g := guardOf(t, `{"hosts":["api.Example.com","*.apps.example.com","[2001:db8::1]","10.0.0.1"]}`)
	for host, fits := range map[string]bool{
		"api.example.com": true, "API.example.COM": true, "api.example.com:8443": true, "a.apps.example.com": true,
		"a.b.apps.example.com": true, "[2001:db8::1]:8000": true, "[2001:DB8::1]": true, "10.0.0.1": true,
		"apps.example.com": false, ".apps.example.com": false, "evilapps.example.com": false, "example.com": false,
		"api.example.com.": false, "api.example.com:": false, "api.example.com:port": false, "api.example.com:123456": false,
		"api.example.com@evil": false, "": false, " ": false, "[2001:db8::1": false, "[api.example.com]": false, "a b": false,
	} {
		var want []string
		if !fits {
			want = []string{"hosts host host_mismatch"}
		}
		t.Run(host, func(t *testing.T) { requireFound(t, want, g.found(headers{"host": {host}})) })
	}
	requireFound(t, []string{"hosts host host_mismatch"}, g.found(headers{}))
	requireFound(t, []string{"hosts host host_mismatch"}, g.found(headers{"host": {"10.0.0.1", "10.0.0.1"}}))
	if v := g.judged("GET / HTTP/1.1", "", nil); v.status != 421 {
		t.Errorf("status %d, want 421", v.status)
	}
}
