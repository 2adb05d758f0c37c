package headerguard

import (
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"tollgate/internal/httpheader"
	"tollgate/internal/plugin"
)

// Explained is what a configuration makes of one request, check by check. It holds no value of a header.
type Explained struct {
	// Decision is passed, exempt, audited, rejected or unread, and Status that of the answer, zero for none: an
	// unread request without one passes.
	Decision string
	Status   int
	// ExemptBy is peer, method or path; empty where no exemption spared the request a fault.
	ExemptBy string
	// Witness is what became of the load balancer's witness; empty where it was not looked for, and "peer
	// unknown" where whether to look depends on the peer.
	Witness string
	// Checks are all of them, presets expanded, in their order.
	Checks []ExplainedCheck
}

// ExplainedCheck is one rule, group or check.
type ExplainedCheck struct {
	// Name is what logs and metrics call it, and Demand what it looks for.
	Name, Demand string
	// Scope is what it holds for; empty is every request.
	Scope  string
	Mode   string
	Status int
	// Verdict is one of the constants below.
	Verdict string
	Faults  []ExplainedFault
}

// The verdicts of a check.
const (
	CheckMet        = "met"
	CheckViolated   = "violated"
	CheckExempt     = "exempt"
	CheckOutOfScope = "out of scope"
	CheckSkipped    = "skipped"
)

// ExplainedFault is one header at fault.
type ExplainedFault struct {
	// Header is empty where none is at fault.
	Header string
	Reason Reason
	Place  Place
}

// Request is one as it stood on the wire.
type Request struct {
	// Line is the first one: GET /path HTTP/1.1.
	Line string
	// Headers are the values by name, in lower case.
	Headers map[string][]string
	// Peer is the TCP peer; zero where it is not known, and then it is not checked.
	Peer netip.Addr
}

// Explain judges a request by the plugin's own code. config is one instance's, as JSON. An error is of the
// configuration.
func Explain(config []byte, r Request, at time.Time) (Explained, error) {
	c, err := plugin.Decode[Config](Schema(), config)
	if err != nil {
		return Explained{}, err
	}
	e := explanation{config: &c, guard: newGuard(&c), request: r}
	return e.explain(at), nil
}

// explanation is an Explained while it is made.
type explanation struct {
	config  *Config
	guard   *guard
	request Request
}

func (e *explanation) explain(at time.Time) Explained {
	q, lines := survey(httpheader.FromMap(e.request.Headers))
	if tooMany(lines) {
		return e.unread()
	}
	q.authority = authorityOf(e.request.Line)
	c := circumstances{line: readRequestLine(e.request.Line), peer: e.request.Peer}
	var found []fault
	if e.seesPeers() {
		found = e.guard.peers.examine(c.peer)
	}
	found = append(found, e.guard.examine(q)...)
	v := e.guard.judge(found, c)
	out := Explained{Decision: string(v.decision), Status: v.status, ExemptBy: string(v.exemptBy)}
	var told testimony
	if box := newWitnessBox(e.config); box != nil && len(v.faults) > 0 {
		var state witnessState
		told, state = box.open(q, c, at)
		out.Witness = string(state)
		if state == witnessUntrusted && !c.peer.IsValid() {
			out.Witness = "peer unknown"
		}
	}
	v.locate(told)
	if e.guard.peers != nil {
		out.Checks = append(out.Checks, e.explainPeer(v, found))
	}
	for i := range e.guard.checks {
		k := &e.guard.checks[i]
		out.Checks = append(out.Checks, e.explainCheck(k, k.demand.text(), v, found, c))
	}
	return out
}

// unread is what becomes of a request that the plugin cannot look at.
func (e *explanation) unread() Explained {
	out := Explained{Decision: string(unread)}
	if e.guard.enforces() {
		out.Status = http.StatusRequestHeaderFieldsTooLarge
	}
	return out
}

func (e *explanation) seesPeers() bool {
	return e.guard.peers != nil && e.guard.peers.watched && e.request.Peer.IsValid()
}

func (e *explanation) explainPeer(v verdict, found []fault) ExplainedCheck {
	p := e.guard.peers
	out := e.explainCheck(&p.check, p.describe(), v, found, circumstances{})
	if !e.seesPeers() {
		out.Verdict = CheckSkipped
	}
	return out
}

func (e *explanation) explainCheck(k *check, demand string, v verdict, found []fault, c circumstances) ExplainedCheck {
	out := ExplainedCheck{Name: k.name, Demand: demand, Scope: k.scope.text(), Mode: k.mode, Status: k.status, Verdict: CheckMet}
	for i := range v.faults {
		if f := &v.faults[i]; f.check == k {
			out.Verdict = CheckViolated
			out.Faults = append(out.Faults, ExplainedFault{Header: f.header, Reason: f.reason, Place: f.place})
		}
	}
	if out.Verdict == CheckMet && !k.scope.covers(c.line) {
		out.Verdict = CheckOutOfScope
	}
	for i := range found {
		if out.Verdict == CheckMet && found[i].check == k {
			out.Verdict = CheckExempt
		}
	}
	return out
}

// String is the fault in one line.
func (f ExplainedFault) String() string {
	if f.Header == "" {
		return string(f.Reason)
	}
	return fmt.Sprintf("%s: %s, place %s", f.Header, f.Reason, f.Place)
}
