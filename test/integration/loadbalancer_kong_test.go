package integration

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	lb "tollgate/test/loadbalancer"
	"tollgate/test/sandbox"
)

// silent is a load balancer that does not tell that TLS ended at it.
func silent() lb.F5 {
	return lb.F5{Behaviour: usual(func(b *lb.Behaviour) { b.Replace = nil }), Secret: witnessKey}
}

// to sends a GET of a path by way of a load balancer.
func to(t *testing.T, addr, path string, lines ...string) reply {
	t.Helper()
	r, err := throughTo(shared.client, addr, http.MethodGet, path, lines)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// answeredByKong: no plugin did.
func (r reply) answeredByKong(t *testing.T, status int, says string) {
	t.Helper()
	r.is(t, status)
	if !strings.Contains(string(r.body), says) || strings.Contains(string(r.body), "violations") {
		t.Errorf("body %s, want Kong's %q", r.body, says)
	}
}

// missTheProto: Kong turns plain HTTP away from a route of https before any plugin sees it. On a route of both
// the guard says what is missing, and where.
func missTheProto(t *testing.T, gateway string) {
	with, without := lb.F5{Behaviour: usual(nil), Secret: witnessKey}.Start(t, gateway), silent().Start(t, gateway)
	to(t, with, "/https").is(t, http.StatusOK)
	to(t, with, "/both").is(t, http.StatusOK)
	to(t, without, "/https").answeredByKong(t, http.StatusUpgradeRequired, "Please use HTTPS protocol")
	r := to(t, without, "/both")
	r.is(t, http.StatusBadRequest)
	if diff := cmp.Diff([]found{{"x-forwarded-proto", "forwarded_proto", "not_sent_by_client"}}, violationsOf(t, r)); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
}

func missTheHost(t *testing.T, gateway string) {
	f5 := lb.F5{Behaviour: usual(nil)}
	to(t, f5.Start(t, gateway), "/host").is(t, http.StatusOK)
	f5.Host = "internal.example"
	to(t, f5.Start(t, gateway), "/host").answeredByKong(t, http.StatusNotFound, "no Route matched")
}

// leaveWhatIsTooLargeToNginx: no plugin sees a line of more than 8 KiB.
func leaveWhatIsTooLargeToNginx(t *testing.T, gateway string) {
	realKongOnly(t)
	addr := lb.F5{Behaviour: usual(nil), Secret: witnessKey}.Start(t, gateway)
	for _, name := range []string{"X-Large", "Cookie"} {
		through(t, addr, sent(name+": "+strings.Repeat("c", 8000))...).is(t, http.StatusOK)
		through(t, addr, sent(name+": "+strings.Repeat("c", 8200))...).answeredByKong(t, http.StatusBadRequest, "Request header or cookie too large")
	}
}

// TestARouteByServerNameIsLostWhereTheNameIs has a F5 that ends TLS, begins it anew, and does not say to whom.
func TestARouteByServerNameIsLostWhereTheNameIs(t *testing.T) {
	realKongOnly(t)
	const config = `
_format_version: "3.0"
services:
  - name: echo
    url: '${{ env "DECK_UPSTREAM_URL" }}'
    routes:
      - {name: open, paths: [/open]}
      - {name: named, paths: [/sni], protocols: [https], snis: [api.example.com]}
`
	addr := strings.TrimPrefix(start(t, sandbox.Options{Config: []byte(config)}).TLSURL, "https://")
	with := lb.HAProxy{Behaviour: usual(nil), TLS: true, ServerName: "api.example.com"}
	to(t, with.Start(t, addr), "/sni").is(t, http.StatusOK)
	without := lb.HAProxy{Behaviour: usual(nil), TLS: true}
	to(t, without.Start(t, addr), "/sni").answeredByKong(t, http.StatusNotFound, "no Route matched")
}

// TestWhoTrustsEveryoneIsToldAnything: a client around the load balancer says that TLS ended at one, and who it
// is. Kong believes both. The guard looks at the TCP peer.
func TestWhoTrustsEveryoneIsToldAnything(t *testing.T) {
	forged := []string{"X-Forwarded-Proto: https", "X-Real-IP: " + lb.SNAT, "X-Forwarded-For: " + lb.SNAT}
	for trusted, want := range map[string]int{lb.SNAT: http.StatusUpgradeRequired, "0.0.0.0/0": http.StatusOK} {
		t.Run(trusted, func(t *testing.T) {
			gateway := addressOf(behind(t, "KONG_TRUSTED_IPS="+trusted))
			to(t, gateway, "/https", forged...).is(t, want)
			r := through(t, gateway, sent(forged...)...)
			r.is(t, http.StatusForbidden)
			if diff := cmp.Diff([]found{{"", "untrusted_peer", "unknown"}}, violationsOf(t, r)); diff != "" {
				t.Errorf("violations (-want +got):\n%s", diff)
			}
		})
	}
}
