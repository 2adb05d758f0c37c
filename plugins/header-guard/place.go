package headerguard

import "tollgate/internal/kong"

// destination is where a request goes, as Kong's ids; empty where Kong does not tell.
type destination struct {
	route, service string
	asked          bool
}

func destinationOf(r *kong.Request) destination {
	at, err := r.Router.GetRoute()
	if err != nil {
		return destination{asked: true}
	}
	return destination{at.Id, at.Service.Id, true}
}

// report asks Kong for what identifies the request, as far as it is not known.
func (h *handler) report(r *kong.Request, v verdict, c circumstances, to destination) report {
	if !to.asked {
		to = destinationOf(r)
	}
	if to.route == "" { // then what the instance is bound to
		to.route, to.service = r.Scope.RouteID, r.Scope.ServiceID
	}
	rep := report{
		Plugin: Name, Decision: v.decision, Status: v.status, RequestID: r.ID(),
		Instance: r.Scope.InstanceName, Route: to.route, Service: to.service,
		Method: loggedPath(c.line.method), Path: loggedPath(c.line.path), Violations: violations(v.faults, h.prints),
	}
	if c.peer.IsValid() {
		rep.Peer = c.peer.String()
	}
	if h.guard.peers != nil {
		trusted := h.guard.peers.trusted.have(c.peer)
		rep.TrustedPeer = &trusted
	}
	return rep
}

// of adds what became of the witness.
func (r report) of(w witnessState) report {
	r.Witness = w
	return r
}
