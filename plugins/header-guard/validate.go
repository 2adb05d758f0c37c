package headerguard

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"tollgate/internal/schema"
)

// Validate reports what Kong's schema cannot express, all of it at once.
func (c *Config) Validate() error {
	v := validation{config: c, names: map[string]string{}, ruled: map[string]string{}}
	for i := range c.Rules {
		v.rule(elementPath("rules", c.Rules[i].Name, i), &c.Rules[i])
	}
	for i := range c.AnyOf {
		v.group(elementPath("any_of", c.AnyOf[i].Name, i), &c.AnyOf[i])
	}
	v.spellings()
	v.networks("trusted_peers", c.TrustedPeers)
	v.hosts()
	v.networks("exempt.peers", c.Exempt.Peers)
	v.exemptPeers()
	v.paths("exempt.paths", c.Exempt.Paths)
	v.options()
	v.peers()
	v.removed("audit_header", c.AuditHeader)
	v.witness()
	return v.problems.Err()
}

// validation collects problems, and the places of what must not stand twice.
type validation struct {
	config       *Config
	problems     schema.Problems
	names, ruled map[string]string
}

func (v *validation) rule(path string, r *Rule) {
	v.name(path, r.Name)
	v.header(schema.Join(path, "header"), r.Header)
	// The same header may be in rules for different requests.
	where := strings.Join(append(append([]string{strings.ToLower(r.Header)}, r.Methods...), r.Paths...), " ")
	v.once(v.ruled, schema.Join(path, "header"), where, "must not repeat a header for the same methods and paths, it is in %s")
	v.expression(schema.Join(path, "match"), r.Match)
	if r.MaxLength > 0 && r.MinLength > r.MaxLength {
		v.problems.Add(schema.Join(path, "max_length"), fmt.Sprintf("must be at least min_length, %d, got %d", r.MinLength, r.MaxLength))
	}
	v.paths(schema.Join(path, "paths"), r.Paths)
}

func (v *validation) group(path string, a *AnyOf) {
	v.name(path, a.Name)
	listed := map[string]string{}
	for i, header := range a.Headers {
		at := fmt.Sprintf("%s.headers[%d]", path, i+1)
		v.header(at, header)
		v.once(listed, at, strings.ToLower(header), "must not repeat a header, it is in %s")
	}
	v.paths(schema.Join(path, "paths"), a.Paths)
}

// name refuses what metrics and logs could not tell apart.
func (v *validation) name(path, name string) {
	if name == "" {
		return
	}
	at := schema.Join(path, "name")
	if slices.Contains(checkNames(), name) {
		v.problems.Add(at, "must not be that of a check of the plugin itself: "+strings.Join(checkNames(), ", "))
	}
	if v.config.presetRule(name) {
		v.problems.Add(at, "must not be that of the preset's rule, which holds too")
	}
	v.once(v.names, at, name, "must not repeat a name, it is in %s")
}

// header refuses those that are not there for rules to look at.
func (v *validation) header(path, header string) {
	name := strings.ToLower(header)
	switch {
	case name == "": // the schema tells
	case removedByKong(name):
		v.problems.Add(path, fmt.Sprintf("must not be one that Kong removes from each request, got %q", header))
	case sameHeader(name, lower(v.config.AuditHeader)), v.config.Witness != nil && sameHeader(name, lower(v.config.Witness.Header)):
		v.problems.Add(path, "must not be audit_header or witness.header, which are removed from each request, nor another spelling")
	case newSpoofing(v.config.SpoofedHeaders).matching(name) != nil:
		v.problems.Add(path, fmt.Sprintf("must not be one of spoofed_headers, with which no request passes, got %q", header))
	}
}

// once notes where a text stands, and a problem where it stood before.
func (v *validation) once(seen map[string]string, path, text, rule string) {
	if first, double := seen[text]; double {
		v.problems.Add(path, fmt.Sprintf(rule, first))
		return
	}
	seen[text] = path
}

func (v *validation) expression(path, expression string) {
	if _, err := regexp.Compile(expression); err != nil {
		v.problems.Add(path, fmt.Sprintf("must be an RE2 expression: %v", err))
	}
}

func (v *validation) paths(path string, paths []string) {
	for i, text := range paths {
		at := fmt.Sprintf("%s[%d]", path, i+1)
		if expression, ok := strings.CutPrefix(text, "~"); ok {
			v.expression(at, routeExpression(expression))
		} else if routed := routedPath(text); routed != text || hasBareOctet(text) {
			v.problems.Add(at, fmt.Sprintf("must be written as Kong's router compares it, got %q for %q", text, routed))
		}
	}
}

func (v *validation) networks(path string, texts []string) {
	for i, text := range texts {
		if _, ok := parseNetwork(text); !ok {
			v.problems.Add(fmt.Sprintf("%s[%d]", path, i+1), fmt.Sprintf("must be an IP address, or a CIDR without host bits, got %q", text))
		}
	}
}

// exemptPeers refuses a guard that guards nothing: a load balancer's monitors come from its self addresses,
// and so may its traffic.
func (v *validation) exemptPeers() {
	trusted, exempt := parseNetworks(v.config.TrustedPeers), parseNetworks(v.config.Exempt.Peers)
	if len(trusted) > 0 && !slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return !exempt.hold(p) }) {
		v.problems.Add("exempt.peers", "must not hold all of trusted_peers: no request through the load balancer would be looked at")
	}
}

func (v *validation) hosts() {
	for i, text := range v.config.Hosts {
		name, ok := hostName(strings.TrimPrefix(text, "*."))
		if !ok || name != strings.TrimPrefix(text, "*.") {
			v.problems.Add(fmt.Sprintf("hosts[%d]", i+1), fmt.Sprintf("must be a host without a port, or *. and a domain, got %q", text))
		}
	}
}

// options looks at those that have a meaning with others only: an operator who sets one means it.
func (v *validation) options() {
	c := v.config
	has := func(preset string) bool { return slices.Contains(c.Presets, preset) }
	if c.MaxHops > 0 && !has(presetForwarded) {
		v.problems.Add("max_hops", "needs the preset forwarded")
	}
	if len(c.ForwardedProto) > 0 && !has(presetForwarded) && !has(presetTLSOffload) {
		v.problems.Add("forwarded_proto", "needs the preset forwarded or tls_offload")
	}
}

func (v *validation) witness() {
	w := v.config.Witness
	if w == nil {
		return
	}
	if len(v.config.TrustedPeers) == 0 {
		v.problems.Add("trusted_peers", "is required with witness, which is taken from them only")
	}
	v.removed("witness.header", w.Header)
	if sameHeader(lower(w.Header), lower(v.config.AuditHeader)) {
		v.problems.Add("witness.header", "must not be audit_header")
	}
	if newSpoofing(v.config.SpoofedHeaders).matching(lower(w.Header)) != nil {
		v.problems.Add("witness.header", "must not be one of spoofed_headers: what the load balancer sends would be refused")
	}
	if len(w.Secrets) == 2 && w.Secrets[0] == w.Secrets[1] {
		v.problems.Add("witness.secrets", "must be two different ones")
	}
}
