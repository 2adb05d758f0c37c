package headerguard

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// networks are addresses of TCP peers.
type networks []netip.Prefix

// parseNetworks reads what Validate has accepted.
func parseNetworks(texts []string) networks {
	var out networks
	for _, text := range texts {
		if prefix, ok := parseNetwork(text); ok {
			out = append(out, prefix)
		}
	}
	return out
}

// parseNetwork reads a CIDR or an address.
func parseNetwork(text string) (netip.Prefix, bool) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		return netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), true
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil || prefix != prefix.Masked() {
		return netip.Prefix{}, false
	}
	const mapped = 96 // bits before an IPv4 address in IPv6 (RFC 4291, section 2.5.5.2); peers are compared without
	if prefix.Addr().Is4In6() && prefix.Bits() >= mapped {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mapped)
	}
	return prefix, true
}

func (n networks) have(peer netip.Addr) bool {
	return slices.ContainsFunc(n, func(p netip.Prefix) bool { return p.Contains(peer.Unmap()) })
}

// hold tells whether all addresses of a network are in one of these.
func (n networks) hold(network netip.Prefix) bool {
	return slices.ContainsFunc(n, func(p netip.Prefix) bool { return p.Bits() <= network.Bits() && p.Contains(network.Addr()) })
}

// peerCheck demands that requests come from trusted peers: those of the load balancer.
type peerCheck struct {
	check
	trusted networks
	// watched tells whether others are reported. Where they are not, the networks say whose witness counts.
	watched bool
}

func newPeerCheck(c *Config) *peerCheck {
	p := &peerCheck{
		check:   check{name: checkPeer, status: http.StatusForbidden, mode: modeAudit, everyMethod: true},
		trusted: parseNetworks(c.TrustedPeers), watched: c.OnUntrustedPeer != peerAllow,
	}
	if c.OnUntrustedPeer == peerReject {
		p.mode = c.Mode // in audit nothing is refused
	}
	return p
}

// examine takes a peer that is not known, which is zero, for one that is not trusted.
func (p *peerCheck) examine(peer netip.Addr) []fault {
	if p.trusted.have(peer) {
		return nil
	}
	return []fault{{check: &p.check, reason: UntrustedPeer}}
}

func (p *peerCheck) describe() string {
	var texts []string
	for _, prefix := range p.trusted {
		texts = append(texts, prefix.String())
	}
	return "the TCP peer is in " + strings.Join(texts, ", ")
}
