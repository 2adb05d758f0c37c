package headerguard

import "tollgate/internal/kong"

// report asks Kong for what identifies the request, as far as it is not known.
func (h *handler) report(r *kong.Request, v verdict, c circumstances, witness witnessState) report {
	rep := report{
		Plugin: Name, Decision: v.decision, Status: v.status, RequestID: r.ID(), Witness: witness,
		Instance: r.Scope.InstanceName, Route: r.Scope.RouteID, Service: r.Scope.ServiceID,
		Method: loggedPath(c.line.method), Path: loggedPath(c.line.path), Violations: violations(v.faults, h.prints),
	}
	if c.peer.IsValid() {
		rep.Peer = c.peer.String()
	}
	if h.guard.peers != nil {
		trusted := h.guard.peers.trusted.have(c.peer)
		rep.TrustedPeer = &trusted
	}
	if rep.Route == "" && rep.Service == "" { // an instance for all of them
		rep.Route, rep.Service = placeOf(r)
	}
	return rep
}

// placeOf are the ids of the request's route and service; empty where Kong does not tell.
func placeOf(r *kong.Request) (route, service string) {
	at, err := r.Router.GetRoute()
	if err != nil {
		return "", ""
	}
	return at.Id, at.Service.Id
}
