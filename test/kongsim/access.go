package kongsim

import (
	"strings"

	"tollgate/test/kongsim/internal/nginx"
)

// run takes a request through Kong's phases up to an answer or the upstream.
func (x *exchange) run() {
	for _, step := range []func(){x.refuse, x.rewrite, x.findRoute, x.access, x.requireService} {
		step()
		if x.answer != nil {
			x.send(x.answer)
			return
		}
	}
	x.proxy()
}

func (x *exchange) refuse() { x.answer = x.refusal() }

// rewrite runs global configs only: no route is known yet.
func (x *exchange) rewrite() {
	for _, p := range x.snapshot.plugins {
		if c := x.snapshot.find(p.name, scope{}); c != nil && p.runs(rewritePhase) && x.answer == nil {
			x.runPlugin(p, c, rewritePhase)
		}
	}
}

func (x *exchange) findRoute() {
	match, ok := x.snapshot.router.Find(x.method, x.in.Host, x.normalPath())
	if !ok {
		x.decide(x.errorAnswer(404, "no Route matched with those values", nil))
		return
	}
	x.match = match
	if x.httpsRequired() {
		x.decide(x.redirectToHTTPS())
		return
	}
	x.upstream = x.newUpstream()
}

// access runs the plugins in order. Each is looked up when its turn comes, so
// that a consumer that one plugin found counts for the next.
func (x *exchange) access() {
	for _, p := range x.snapshot.plugins {
		if x.answer != nil {
			return
		}
		if c := x.snapshot.find(p.name, x.scope()); c != nil && p.runs(accessPhase) {
			x.runPlugin(p, c, accessPhase)
		}
	}
}

func (x *exchange) runPlugin(p *plugin, c *pluginConfig, in phase) {
	if p.builtin != nil {
		if a := p.builtin(x, c); a != nil {
			x.decide(a)
		}
		return
	}
	e := &event{x: x, plugin: p, phase: in}
	e.run(c)
}

func (x *exchange) requireService() {
	if x.service() == nil {
		x.decide(x.errorAnswer(503, "no Service found with those values", nil))
	}
}

// httpsRequired is true for a route of https only, when the client's
// connection, or the trusted proxy's, was none.
func (x *exchange) httpsRequired() bool {
	protocols := x.route().Protocols
	return len(protocols) == 1 && protocols[0] == "https" && x.forwarded("X-Forwarded-Proto", "http") != "https"
}

func (x *exchange) redirectToHTTPS() *answer {
	code := x.route().RedirectCode
	if code == 426 {
		return x.errorAnswer(code, "Please use HTTPS protocol", map[string][]string{
			"Connection": {"Upgrade"}, "Upgrade": {"TLS/1.2, HTTP/1.1"},
		})
	}
	location := "https://" + x.forwarded("X-Forwarded-Host", x.host()) + x.in.RequestURI
	return &answer{status: code, headers: map[string][]string{"Location": {location}}}
}

// forwarded believes a header of a trusted peer only.
func (x *exchange) forwarded(header, fallback string) string {
	if x.gateway.realIP.IsTrusted(x.peer.Addr().String()) {
		name := strings.ReplaceAll(strings.ToLower(header), "-", "_")
		if value, ok := nginx.Lookup(x.headers.Table(nginx.MaxHeaders), name); ok {
			return value
		}
	}
	return fallback
}
