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
	checkAuthority      = "authority"
	checkForwardedFor   = "forwarded_for"
	checkForwardedProto = "forwarded_proto"
	checkForwardedHost  = "forwarded_host"
	checkForwardedAlias = "forwarded_alias"
)

// checkNames are those, in the order in which they are looked at.
func checkNames() []string {
	return []string{
		checkPeer, checkContentLength, checkHopByHop, checkSpoofed, checkHost, checkAuthority,
		checkForwardedFor, checkForwardedProto, checkForwardedHost, checkForwardedAlias,
	}
}

// expansion is what presets and rules come to.
type expansion struct {
	checks []check
	// rules are those of presets, then those of the configuration.
	rules []check
}

// expand puts rules and checks in place of presets. A rule of the configuration takes the place of what a
// preset has for the same header, in the requests that it holds for.
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
		e.rules = append(e.rules, newRuleCheck(&rule))
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
		if aliases := newForwardedAlias(c); len(aliases.names) > 0 {
			e.checks = append(e.checks, check{name: checkForwardedAlias, demand: aliases})
		}
	case presetTLSOffload:
		e.proto(c)
	case presetAuthorization:
		// A scheme and credentials (RFC 9110, section 11.4): a scheme alone is what is left of an empty variable.
		e.rule(c, Rule{Name: presetAuthorization, Header: "Authorization", Required: true, MaxCount: 1, Match: `^[!#$%&'*+.^_|~0-9A-Za-z-]+ +[^ ]`, Status: http.StatusUnauthorized})
	}
}

func (e *expansion) rule(c *Config, r Rule) {
	if replaced, except := c.overridden(strings.ToLower(r.Header)); !replaced {
		k := newRuleCheck(&r)
		k.scope.except = except
		e.rules = append(e.rules, k)
	}
}

func (e *expansion) check(c *Config, header string, k check) {
	if replaced, except := c.overridden(header); !replaced {
		k.scope.except = except
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

// overridden tells whether a rule of the configuration looks at a header, given in lower case, in all
// requests; and if not, in which requests rules do.
func (c *Config) overridden(header string) (replaced bool, except []scope) {
	for i := range c.Rules {
		r := &c.Rules[i]
		if !sameHeader(strings.ToLower(r.Header), header) {
			continue
		}
		if len(r.Methods)+len(r.Paths) == 0 {
			return true, nil
		}
		except = append(except, newScope(r.Methods, r.Paths))
	}
	return false, except
}
