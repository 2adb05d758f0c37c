package integration

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	lb "tollgate/test/loadbalancer"
)

// TestBehindALoadBalancer has one gateway for all of its parts.
func TestBehindALoadBalancer(t *testing.T) {
	s := behind(t, "KONG_TRUSTED_IPS="+lb.SNAT)
	gateway := addressOf(s)
	for _, part := range []struct {
		name string
		run  func(t *testing.T, gateway string)
	}{
		{"requests that are not harmed pass", passUnharmed},
		{"what a F5 does is told", tellWhatWasDone},
		{"only a witness that is right is believed", believeARightWitness},
		{"a request around the F5 is named as such", nameTheWayAround},
		{"what is lost after the F5 is named as such", nameALossAfterTheF5},
		{"a fault that comes and goes", findAFaultThatComesAndGoes},
		{"clients that share a connection are told apart", tellSharersApart},
		{"the path that is signed is the one that came", signThePathAsItCame},
		{"what a F5 rejects is not seen", func(t *testing.T, gateway string) { seeNothingRejected(t, gateway, s.ErrorLog()) }},
		{"without a host nginx answers", leaveAMissingHostToNginx},
		{"what is too large for nginx it answers", leaveWhatIsTooLargeToNginx},
		{"a route of https needs X-Forwarded-Proto", missTheProto},
		{"a rewritten host finds no route", missTheHost},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, gateway) })
	}
}

func passUnharmed(t *testing.T, gateway string) {
	for name, b := range map[string]balancer{
		"the proxy, with its witness": lb.F5{Behaviour: usual(nil), Secret: witnessKey},
		"haproxy":                     lb.HAProxy{Behaviour: usual(nil)},
		"haproxy, that reuses":        lb.HAProxy{Behaviour: usual(nil), Reuse: true},
		"nginx":                       lb.Nginx{Behaviour: usual(nil)},
	} {
		t.Run(name, func(t *testing.T) {
			r := through(t, b.Start(t, gateway), sent("X-F5-Witness: a client's")...)
			r.is(t, http.StatusOK)
			if got := r.upstream(t).Headers; len(got[lb.WitnessHeader]) > 0 || len(got["X-Tenant-Id"]) != 1 {
				t.Errorf("the upstream saw %v", got)
			}
		})
	}
}

// believeARightWitness: without one everything else is judged as ever.
func believeARightWitness(t *testing.T, gateway string) {
	erases := usual(func(b *lb.Behaviour) { b.Erase = []string{"Authorization"} })
	ahead := func(d time.Duration) func() time.Time { return func() time.Time { return time.Now().Add(d) } }
	for _, row := range []struct {
		name string
		f5   lb.F5
		want string
	}{
		{"signed with the first key", lb.F5{Secret: witnessKey}, "stripped_by_f5"},
		{"signed with the second key", lb.F5{Secret: nextKey}, "stripped_by_f5"},
		{"signed with another key", lb.F5{Secret: otherKey}, "unknown"},
		{"none", lb.F5{}, "unknown"},
		{"signed by a clock that is a little ahead", lb.F5{Secret: witnessKey, Now: ahead(10 * time.Second)}, "stripped_by_f5"},
		{"signed by a clock that is a minute ahead", lb.F5{Secret: witnessKey, Now: ahead(time.Minute)}, "unknown"},
		{"signed by a clock that is a minute behind", lb.F5{Secret: witnessKey, Now: ahead(-time.Minute)}, "unknown"},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.f5.Behaviour = erases
			r := through(t, row.f5.Start(t, gateway), sent()...)
			r.is(t, http.StatusUnauthorized)
			if diff := cmp.Diff([]found{{"authorization", "blank", row.want}}, violationsOf(t, r)); diff != "" {
				t.Errorf("violations (-want +got):\n%s", diff)
			}
		})
	}
}

// nameTheWayAround has a witness that is right in each way. From a peer that is not trusted it tells nothing.
func nameTheWayAround(t *testing.T, gateway string) {
	around := []string{
		"X-Tenant-Id: acme", "Via: 1.1 cdn", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https", witnessed(t, "X-Tenant-Id: acme"),
	}
	for name, row := range map[string]struct {
		addr   string
		status int
		want   []found
	}{
		"around": {gateway, http.StatusForbidden, []found{{"", "untrusted_peer", "unknown"}, {"authorization", "missing", "unknown"}}},
		"by way of a load balancer": {lb.HAProxy{}.Start(t, gateway), http.StatusUnauthorized, []found{
			{"authorization", "missing", "not_sent_by_client"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := through(t, row.addr, around...)
			r.is(t, row.status)
			if diff := cmp.Diff(row.want, violationsOf(t, r)); diff != "" {
				t.Errorf("violations (-want +got):\n%s", diff)
			}
		})
	}
}

// witnessed is the header line with which a F5 would send on a request of these lines.
func witnessed(t *testing.T, lines ...string) string {
	t.Helper()
	var value string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { value = r.Header.Get(lb.WitnessHeader) }))
	defer server.Close()
	through(t, lb.F5{Secret: witnessKey}.Start(t, server.Listener.Addr().String()), lines...).is(t, http.StatusOK)
	return lb.WitnessHeader + ": " + value
}

func nameALossAfterTheF5(t *testing.T, gateway string) {
	for name, row := range map[string]struct {
		lb.Behaviour
		reason string
	}{
		"deleted": {lb.Behaviour{Delete: []string{"Authorization"}}, "missing"},
		"erased":  {lb.Behaviour{Erase: []string{"Authorization"}}, "blank"},
	} {
		t.Run(name, func(t *testing.T) {
			between := lb.HAProxy{Behaviour: row.Behaviour}.Start(t, gateway)
			r := through(t, lb.F5{Behaviour: usual(nil), Secret: witnessKey}.Start(t, between), sent()...)
			r.is(t, http.StatusUnauthorized)
			if diff := cmp.Diff([]found{{"authorization", row.reason, "stripped_after_f5"}}, violationsOf(t, r)); diff != "" {
				t.Errorf("violations (-want +got):\n%s", diff)
			}
		})
	}
}

// findAFaultThatComesAndGoes is a F5 that lets a connection's later requests pass untouched: inserted headers
// vanish, and the witness with them.
func findAFaultThatComesAndGoes(t *testing.T, gateway string) {
	f5 := lb.F5{Behaviour: usual(func(b *lb.Behaviour) { b.PassAfter = 2 }), Secret: witnessKey}
	addr := f5.Start(t, gateway)
	transport := &http.Transport{MaxConnsPerHost: 1}
	defer transport.CloseIdleConnections()
	for i, want := range []int{http.StatusOK, http.StatusOK, http.StatusBadRequest, http.StatusBadRequest} {
		r, err := throughWith(&http.Client{Transport: transport, Timeout: shared.client.Timeout}, addr, sent())
		if err != nil {
			t.Fatal(err)
		}
		if r.status != want {
			t.Errorf("request %d of the connection: status %d, want %d; body %s", i+1, r.status, want, r.body)
		}
		if want == http.StatusOK {
			continue
		}
		lost := []found{{"x-forwarded-for", "forwarded_for", "unknown"}, {"x-forwarded-proto", "forwarded_proto", "unknown"}}
		if diff := cmp.Diff(lost, violationsOf(t, r)); diff != "" {
			t.Errorf("violations (-want +got):\n%s", diff)
		}
	}
}

// tellSharersApart is OneConnect: a verdict is the request's, never the connection's.
func tellSharersApart(t *testing.T, gateway string) {
	for name, b := range map[string]balancer{
		"the proxy": lb.F5{Behaviour: usual(nil), Secret: witnessKey, Reuse: true},
		"haproxy":   lb.HAProxy{Behaviour: usual(nil), Reuse: true},
	} {
		t.Run(name, func(t *testing.T) {
			addr := b.Start(t, gateway)
			for range 3 {
				through(t, addr, sent()...).is(t, http.StatusOK)
				through(t, addr, "X-Tenant-Id: acme").is(t, http.StatusUnauthorized)
			}
		})
	}
}
