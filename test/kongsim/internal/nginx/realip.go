package nginx

import (
	"fmt"
	"net/netip"
	"strings"
)

// RealIP is nginx's realip module: set_real_ip_from, real_ip_header and
// real_ip_recursive.
type RealIP struct {
	trusted   []netip.Prefix
	header    string
	recursive bool
}

// NewRealIP takes addresses and CIDRs; an empty header means X-Real-IP.
func NewRealIP(trusted []string, header string, recursive bool) (*RealIP, error) {
	r := &RealIP{header: header, recursive: recursive}
	if header == "" {
		r.header = "X-Real-IP"
	}
	for _, text := range trusted {
		prefix, err := parsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("trusted_ips: %w", err)
		}
		r.trusted = append(r.trusted, prefix)
	}
	return r, nil
}

func parsePrefix(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		return netip.ParsePrefix(text)
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(addr, addr.BitLen()), nil
}

// IsTrusted is kong.ip.is_trusted; what is no address is not trusted.
func (r *RealIP) IsTrusted(ip string) bool {
	addr, err := netip.ParseAddr(ip)
	return err == nil && r.trusts(addr)
}

func (r *RealIP) trusts(addr netip.Addr) bool {
	for _, prefix := range r.trusted {
		if prefix.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}

// Client is the address that nginx takes for the client's: the peer, unless
// the peer is trusted and its header names another. The header is read from
// its end; recursive goes on over trusted addresses.
func (r *RealIP) Client(peer netip.AddrPort, h *Headers) netip.AddrPort {
	if !r.trusts(peer.Addr()) {
		return peer
	}
	hops := strings.Split(strings.Join(h.Values(r.header), ","), ",")
	client := peer
	for i := len(hops) - 1; i >= 0; i-- {
		hop, ok := parseHop(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		client = hop
		if !r.recursive || !r.trusts(hop.Addr()) {
			break
		}
	}
	return client
}

// parseHop takes an address with or without a port; without one the port is 0.
func parseHop(text string) (netip.AddrPort, bool) {
	if addr, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return netip.AddrPortFrom(addr, 0), true
	}
	hop, err := netip.ParseAddrPort(text)
	return hop, err == nil
}
