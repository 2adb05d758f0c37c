package headerguard

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Kong looks each of these up with underscores for dashes, as nginx's variables have them, so that the client's
// X_Forwarded_Host may be read in place of the load balancer's X-Forwarded-Host: of each check that follows,
// another spelling is the first fault.
const (
	forwardedForHeader   = "x-forwarded-for"
	forwardedProtoHeader = "x-forwarded-proto"
	forwardedHostHeader  = "x-forwarded-host"
)

// forwardedFor demands that X-Forwarded-For came, and holds addresses only: at most so many, 0 for any number.
type forwardedFor struct{ maxHops int }

func (f forwardedFor) examine(q request, found []fault) []fault {
	if alias := q.alias(forwardedForHeader); alias != nil {
		return append(found, aliasFault(q, forwardedForHeader, alias))
	}
	lines, hops := q.headers.Lines(forwardedForHeader), 0
	bad := len(lines) == 0
	for _, line := range lines {
		for address := range strings.SplitSeq(line, ",") {
			hops++
			bad = bad || !isAddress(strings.Trim(address, " \t"))
		}
	}
	if !bad && (f.maxHops == 0 || hops <= f.maxHops) {
		return found
	}
	return append(found, fault{header: forwardedForHeader, name: forwardedForHeader, reason: ForwardedFor, came: len(lines) > 0, value: last(lines)})
}

func (f forwardedFor) text() string {
	if f.maxHops == 0 {
		return "X-Forwarded-For holds IP addresses"
	}
	return fmt.Sprintf("X-Forwarded-For holds IP addresses, at most %d", f.maxHops)
}

// isAddress takes an IP address, with a port too, as some proxies write it.
func isAddress(text string) bool {
	if inner, bracketed := strings.CutPrefix(text, "["); bracketed && strings.HasSuffix(inner, "]") {
		addr, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return err == nil && addr.Is6()
	}
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	_, err := netip.ParseAddrPort(text)
	return err == nil
}

// forwardedProto demands one X-Forwarded-Proto of these. Kong 3.9 compares the whole value, byte by byte:
// neither "https, http" nor "HTTPS" is https for it.
type forwardedProto struct{ accepted []string }

func (f forwardedProto) examine(q request, found []fault) []fault {
	if alias := q.alias(forwardedProtoHeader); alias != nil {
		return append(found, aliasFault(q, forwardedProtoHeader, alias))
	}
	lines := q.headers.Lines(forwardedProtoHeader)
	if len(lines) == 1 && slices.Contains(f.accepted, lines[0]) {
		return found
	}
	return append(found, fault{header: forwardedProtoHeader, name: forwardedProtoHeader, reason: ForwardedProto, came: len(lines) > 0, value: last(lines)})
}

func (f forwardedProto) text() string {
	return "X-Forwarded-Proto is " + strings.Join(f.accepted, " or ")
}

// forwardedHost demands that an X-Forwarded-Host, where one came, is one host, and one of hosts where there
// are any.
type forwardedHost struct{ hosts *hosts }

func (f forwardedHost) examine(q request, found []fault) []fault {
	if alias := q.alias(forwardedHostHeader); alias != nil {
		return append(found, aliasFault(q, forwardedHostHeader, alias))
	}
	lines := q.headers.Lines(forwardedHostHeader)
	if len(lines) == 0 || len(lines) == 1 && f.accepts(lines[0]) {
		return found
	}
	return append(found, fault{header: forwardedHostHeader, name: forwardedHostHeader, reason: ForwardedHost, came: true, value: last(lines)})
}

func (f forwardedHost) accepts(value string) bool {
	if f.hosts != nil {
		return f.hosts.has(value)
	}
	_, ok := hostName(value)
	return ok
}

func (f forwardedHost) text() string {
	if f.hosts == nil {
		return "X-Forwarded-Host is one host, where it came"
	}
	return "X-Forwarded-Host is one of hosts, where it came"
}
