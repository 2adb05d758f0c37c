package headerguard

import (
	"net/http"
	"slices"
	"strings"
)

// The presets.
const (
	presetAuthorization = "authorization"
	presetForwarded     = "forwarded"
	presetHost          = "host"
	presetTLSOffload    = "tls_offload"
)

// The names of the checks that are no rules.
const (
	checkPeer           = "untrusted_peer"
	checkContentLength  = "content_length"
	checkHopByHop       = "hop_by_hop"
	checkSpoofed        = "spoofed"
	checkHost           = "hosts"
	checkForwardedFor   = "forwarded_for"
	checkForwardedProto = "forwarded_proto"
	checkForwardedHost  = "forwarded_host"
)

// checkNames are those, in the order in which they are looked at.
func checkNames() []string {
	return []string{
		checkPeer, checkContentLength, checkHopByHop, checkSpoofed, checkHost,
		checkForwardedFor, checkForwardedProto, checkForwardedHost,
	}
}

// expansion is what presets and rules come to.
type expansion struct {
	checks []check
	// rules are those of presets, then those of the configuration, each with a name.
	rules []Rule
}

// expand puts rules and checks in place of presets. A rule of the configuration takes the place of what a
// preset has for the same header, whatever requests it holds for.
func (c *Config) expand() expansion {
	var e expansion
	for _, preset := range [...]string{presetHost, presetForwarded, presetTLSOffload, presetAuthorization} {
		if slices.Contains(c.Presets, preset) {
			e.add(c, preset)
		}
	}
	for i := range c.Rules {
		rule := c.Rules[i]
		rule.Name = ruleName(i, &rule)
		e.rules = append(e.rules, rule)
	}
	return e
}

func (e *expansion) add(c *Config, preset string) {
	switch preset {
	case presetHost:
		// A host and a port (RFC 9110, section 7.2).
		e.rule(c, Rule{Name: presetHost, Header: "Host", Required: true, MaxCount: 1, Match: `^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`})
	case presetForwarded:
		e.check(c, forwardedForHeader, check{name: checkForwardedFor, demand: forwardedFor{c.MaxHops}})
		e.proto(c)
		e.check(c, forwardedHostHeader, check{name: checkForwardedHost, demand: c.forwardedHost()})
	case presetTLSOffload:
		e.proto(c)
	case presetAuthorization:
		// A scheme and credentials (RFC 9110, section 11.4): a scheme alone is what is left of an empty variable.
		e.rule(c, Rule{Name: presetAuthorization, Header: "Authorization", Required: true, MaxCount: 1, Match: `^[!#$%&'*+.^_|~0-9A-Za-z-]+ +[^ ]`, Status: http.StatusUnauthorized})
	}
}

func (e *expansion) rule(c *Config, r Rule) {
	if !c.rules(r.Header) {
		e.rules = append(e.rules, r)
	}
}

func (e *expansion) check(c *Config, header string, k check) {
	if !c.rules(header) {
		e.checks = append(e.checks, k)
	}
}

// proto is in two presets, and checked once.
func (e *expansion) proto(c *Config) {
	if slices.ContainsFunc(e.checks, func(k check) bool { return k.name == checkForwardedProto }) {
		return
	}
	accepted := c.ForwardedProto
	if len(accepted) == 0 {
		accepted = []string{"https"}
	}
	e.check(c, forwardedProtoHeader, check{name: checkForwardedProto, demand: forwardedProto{accepted}})
}

func (c *Config) forwardedHost() forwardedHost {
	if len(c.Hosts) == 0 {
		return forwardedHost{}
	}
	return forwardedHost{newHosts(c.Hosts)}
}

// rules tells whether a rule of the configuration is on a header.
func (c *Config) rules(header string) bool {
	return slices.ContainsFunc(c.Rules, func(r Rule) bool { return strings.EqualFold(r.Header, header) })
}
