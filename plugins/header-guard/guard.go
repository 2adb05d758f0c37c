package headerguard

import (
	"net/http"
	"net/netip"
	"slices"

	"tollgate/internal/httpheader"
)

// guard is a compiled configuration.
type guard struct {
	// peers is the check of the TCP peer, which is none of headers.
	peers   *peerCheck
	checks  []check
	exempts exemptions
}

// check is one demand on requests, and what becomes of one that does not meet it.
type check struct {
	name   string
	mode   string
	status int
	scope  scope
	// strict checks hold for exempt requests too: what they find stands in no preflight and in no probe.
	strict bool
	// everyMethod checks are not spared by a request's method: a preflight goes the same way, and has a Host.
	everyMethod bool
	demand      demand
}

// demand is what a check looks for.
type demand interface {
	// examine appends what is wrong with the request. It allocates nothing where nothing is.
	examine(q request, found []fault) []fault
	// text says in words what is demanded.
	text() string
}

// request is what demands look at.
type request struct {
	headers httpheader.List
	// connection are the lines of Connection, nil where none of them names a header.
	connection []string
	// underscored tells whether a name has an underscore, and may be an alias.
	underscored bool
	// authority is that of an absolute target (RFC 9112, section 3.2.2); empty where there is none.
	authority string
}

// circumstances are what is asked of a request when something is wrong with it. What is not known is zero.
type circumstances struct {
	line requestLine
	peer netip.Addr
}

// newGuard compiles a configuration that Validate has accepted.
func newGuard(c *Config) *guard {
	g := &guard{exempts: newExemptions(&c.Exempt)}
	if len(c.TrustedPeers) > 0 {
		g.peers = newPeerCheck(c)
	}
	g.checks = append(g.checks, check{name: checkContentLength, strict: true, demand: framing{}})
	if c.RefuseHopByHop {
		g.checks = append(g.checks, check{name: checkHopByHop, strict: true, demand: connection{}})
	}
	if len(c.SpoofedHeaders) > 0 {
		g.checks = append(g.checks, check{name: checkSpoofed, strict: true, demand: newSpoofing(c.SpoofedHeaders)})
	}
	if len(c.Hosts) > 0 {
		g.checks = append(g.checks, check{name: checkHost, status: http.StatusMisdirectedRequest, everyMethod: true, demand: newHosts(c.Hosts)})
	}
	if c.comparesAuthority() {
		g.checks = append(g.checks, check{name: checkAuthority, status: http.StatusMisdirectedRequest, everyMethod: true, demand: authority{}})
	}
	e := c.expand()
	g.checks = append(g.checks, e.checks...)
	g.checks = append(g.checks, e.rules...)
	for i := range c.AnyOf {
		g.checks = append(g.checks, newGroupCheck(&c.AnyOf[i], anyOfName(i, &c.AnyOf[i])))
	}
	for i := range g.checks {
		g.checks[i].complete(c.Mode)
	}
	return g
}

// complete fills in what a check does not say itself.
func (c *check) complete(mode string) {
	if c.mode == "" {
		c.mode = mode
	}
	if c.status == 0 {
		c.status = http.StatusBadRequest
	}
}

// examine finds all that may be wrong with a request by its headers alone, whatever its method and path.
// It keeps nothing of them, and allocates only where it finds something.
func (g *guard) examine(q request) []fault {
	var found []fault
	for i := range g.checks {
		before := len(found)
		found = g.checks[i].demand.examine(q, found)
		for j := before; j < len(found); j++ {
			found[j].check = &g.checks[i]
		}
	}
	return found
}

// judge leaves out what does not hold for this request, and decides by the rest.
func (g *guard) judge(found []fault, c circumstances) verdict {
	exemptions := g.exempts.cover(c)
	v := verdict{decision: passed}
	for _, f := range found {
		spared := f.check.sparedBy(exemptions)
		switch {
		case !f.check.scope.covers(c.line):
		case spared != "":
			v.exemptBy = spared
		default:
			v.add(f)
		}
	}
	if v.decision == passed && v.exemptBy != "" {
		v.decision = exempt
	}
	return v
}

// add notes a fault that counts. The first one gives the status, unless it only audits and a later one enforces.
func (v *verdict) add(f fault) {
	v.faults = append(v.faults, f)
	enforces := f.check.mode == modeEnforce
	if v.decision == passed || enforces && v.decision == audited {
		v.status = f.check.status
	}
	switch {
	case enforces:
		v.decision = rejected
	case v.decision == passed:
		v.decision = audited
	}
}

// enforces tells whether a request can be refused at all. The check of the peer enforces only where the mode
// does, as content_length then does.
func (g *guard) enforces() bool {
	return slices.ContainsFunc(g.checks, func(c check) bool { return c.mode == modeEnforce })
}

// names are those of all checks, which label metrics.
func (g *guard) names() []string {
	var names []string
	if g.peers != nil {
		names = append(names, g.peers.name)
	}
	for i := range g.checks {
		names = append(names, g.checks[i].name)
	}
	return names
}
