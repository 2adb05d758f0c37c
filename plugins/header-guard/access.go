package headerguard

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"tollgate/internal/kong"
	"tollgate/internal/plugin"
)

// handler serves one configuration.
type handler struct {
	guard *guard
	// enforces: without a look at a request it is refused.
	enforces bool
	// asksLine: the request line is asked for with the headers.
	asksLine bool
	detail   string
	audit    string   // the header that tells the upstream of faults; empty for none
	removed  []string // headers that no client's copy of may reach the upstream, in lower case
	witness  *witnessBox
	prints   fingerprints
	sampler  *sampler
	metrics  *metrics
	now      func() time.Time
	log      *slog.Logger
	// complaints bound what a client that sends unreadable requests writes into the server's log.
	complaints rate.Sometimes
}

var _ plugin.Handler = (*handler)(nil)

// requestVariable is nginx's variable with the request line, which tells method and path in one call.
const requestVariable = "request"

// Access costs a passing request one PDK call that is waited for, which asks for the peer too where peers
// are watched, and for the request line where hosts are.
func (h *handler) Access(_ context.Context, r *kong.Request) {
	q, status, err := h.look(r)
	if err != nil {
		h.unread(r, status, err)
		return
	}
	h.remove(r, q)
	var found []fault
	var peer netip.Addr
	if h.watchesPeers() {
		peer = peerOf(r)
		found = h.guard.peers.examine(peer)
	}
	if found = append(found, h.guard.examine(q)...); len(found) == 0 {
		h.metrics.count(passed)
		return
	}
	h.judge(r, q, found, peer)
}

// look gets what the checks look at, or the status of the answer to a request of which it gets none.
func (h *handler) look(r *kong.Request) (q request, status int, err error) {
	if h.watchesPeers() {
		r.ExpectPeer()
	}
	if h.asksLine {
		r.ExpectVar(requestVariable)
	}
	headers, err := r.Headers()
	if err != nil {
		return request{}, http.StatusInternalServerError, err
	}
	q, lines := survey(headers)
	if tooMany(lines) {
		// What Kong did not hand over may be forged, and goes on. nginx refuses more in Kong 3.9.3 (max_headers),
		// and in none before it.
		return request{}, http.StatusRequestHeaderFieldsTooLarge, errTooMany
	}
	if h.asksLine {
		line, err := r.Var(requestVariable)
		if err != nil {
			return request{}, http.StatusInternalServerError, err
		}
		q.authority = authorityOf(line)
	}
	return q, 0, nil
}

func (h *handler) watchesPeers() bool { return h.guard.peers != nil && h.guard.peers.watched }

// judge asks what else decides, and does what the verdict says.
func (h *handler) judge(r *kong.Request, q request, found []fault, peer netip.Addr) {
	c, to := h.ask(r, mayRefuse(found), peer)
	v := h.guard.judge(found, c)
	var told testimony
	var witness witnessState
	if len(v.faults) > 0 && h.witness != nil {
		told, witness = h.witness.open(q, c, h.now())
		h.metrics.witnessed(witness)
	}
	v.locate(told)
	h.metrics.judged(v)
	switch v.decision {
	case audited:
		h.tellUpstream(r, v)
		_ = r.SetLogMember(logKey, logMember(v))
		if h.sampler.takes(v.faults) {
			_ = r.Log.Warn(h.report(r, v, c, to).of(witness).line())
		}
	case rejected:
		_ = r.SetLogMember(logKey, logMember(v))
		rep := h.report(r, v, c, to).of(witness)
		_ = r.Log.Warn(rep.line())
		p, fields := answer(v, h.detail)
		p.RequestID = rep.RequestID
		r.Reject(p, fields...)
	}
}

// logKey is the plugin's member in Kong's access log.
const logKey = "tollgate.header_guard"

// ask gets what a verdict depends on, and, in the same turn, what its report will hold. Answers that fail
// leave their member empty: then every rule holds, no exemption does, and no peer is trusted.
func (h *handler) ask(r *kong.Request, refused bool, peer netip.Addr) (circumstances, destination) {
	if !peer.IsValid() {
		r.ExpectPeer()
	}
	var to destination
	if refused {
		r.ExpectID()
		if !h.asksLine { // else it is there
			r.ExpectVar(requestVariable)
		}
		to = destinationOf(r) // the one call that is waited for
	}
	line, err := r.Var(requestVariable)
	if err != nil {
		line = ""
	}
	if !peer.IsValid() {
		peer = peerOf(r)
	}
	return circumstances{line: readRequestLine(line), peer: peer}, to
}

// mayRefuse tells whether something found is likely to refuse the request.
func mayRefuse(found []fault) bool {
	for i := range found {
		if c := found[i].check; c.mode == modeEnforce && c.scope.all() {
			return true
		}
	}
	return false
}

// peerOf is the TCP peer; zero where Kong does not tell an address, as behind a unix socket.
func peerOf(r *kong.Request) netip.Addr {
	text, err := r.Peer()
	if err != nil {
		return netip.Addr{}
	}
	peer, _ := netip.ParseAddr(text) // zero where it is none
	return peer
}

// remove takes off what only the load balancer and this plugin may tell, in each spelling that came: Kong
// clears one spelling only.
func (h *handler) remove(r *kong.Request, q request) {
	for _, header := range h.removed {
		if len(q.headers.Lines(header)) > 0 {
			_ = r.ClearUpstreamHeader(header)
		}
		if q.alias(header) == nil {
			continue
		}
		for i := range q.headers {
			if name := q.headers[i].Name; name != header && sameHeader(name, header) {
				_ = r.ClearUpstreamHeader(name)
			}
		}
	}
}

func (h *handler) tellUpstream(r *kong.Request, v verdict) {
	if h.audit != "" {
		_ = r.SetUpstreamHeaders(kong.Header{Name: h.audit, Value: auditValue(v.faults)})
	}
}

// Close gives up the names of the rules: the configuration holds only memory besides.
func (h *handler) Close() { h.metrics.release(h.guard.names()) }
