package headerguard

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestPeersThatAreTrusted(t *testing.T) {
	const config = `{"mode":%q,"on_untrusted_peer":%q,"trusted_peers":["10.1.0.0/16","192.0.2.7","2001:db8::/32"],"presets":["host"],"exempt":{"peers":["10.2.0.1"]}}`
	for _, row := range []struct {
		peer string
		good bool
	}{
		{"10.1.2.3", true}, {"192.0.2.7", true}, {"2001:db8::1", true}, {"::ffff:10.1.2.3", true},
		{"10.2.0.1", false}, {"10.2.0.2", false}, {"192.0.2.8", false}, {"2001:db9::1", false}, {"", false},
	} {
		g := guardOf(t, fmt.Sprintf(config, modeEnforce, peerReject))
		peer, _ := netip.ParseAddr(row.peer)
		if got := g.peers.examine(peer) == nil; got != row.good {
			t.Errorf("%q passes: %t, want %t", row.peer, got, row.good)
		}
	}
	for _, row := range []struct {
		mode, option string
		watched      bool
		want         decision
	}{
		{modeEnforce, peerReject, true, rejected}, {modeEnforce, peerAudit, true, audited}, {modeAudit, peerReject, true, audited},
		{modeAudit, peerAudit, true, audited}, {modeEnforce, peerAllow, false, audited},
	} {
		g := guardOf(t, fmt.Sprintf(config, row.mode, row.option))
		v := g.judge(g.peers.examine(netip.Addr{}), circumstances{line: readRequestLine("GET / HTTP/1.1")})
		if g.peers.watched != row.watched || v.decision != row.want || v.decision == rejected && v.status != 403 {
			t.Errorf("%s, %s: watched %t, %s %d; want %t, %s", row.mode, row.option, g.peers.watched, v.decision, v.status, row.watched, row.want)
		}
	}
}

func TestNetworksOfIPv4MappedIntoIPv6AreThoseOfIPv4(t *testing.T) {
	n := parseNetworks([]string{"::ffff:10.0.0.0/104", "::ffff:192.0.2.7"})
	for text, in := range map[string]bool{"10.1.2.3": true, "::ffff:10.1.2.3": true, "192.0.2.7": true, "11.0.0.1": false, "::1": false} {
		if n.have(netip.MustParseAddr(text)) != in {
			t.Errorf("%s is in %v: want %t", text, n, in)
		}
	}
}

// What exempt.peers spares a request counts.
func TestAnExemptPeerThatIsNotTrustedIsCounted(t *testing.T) {
	s := standOf(t, `{"trusted_peers":["10.0.0.1"],"on_untrusted_peer":"reject","exempt":{"peers":["10.0.0.5"]}}`)
	if out := s.run(t, kongWith(nil)); out.Exit != nil || len(out.Logs) > 0 {
		t.Errorf("answer %+v, logs %v", out.Exit, out.Logs)
	}
	s.decided(t, exempt)
	if n := testutil.ToFloat64(s.metrics.exempts[byPeer]); n != 1 {
		t.Errorf("%v counted, want 1", n)
	}
}
