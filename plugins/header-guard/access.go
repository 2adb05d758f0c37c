package headerguard

import (
	"context"
	"log/slog"
	"net/http"

	"tollgate/internal/kong"
	"tollgate/internal/plugin"
	"tollgate/internal/problem"
)

// challenge names the scheme that clients of this gateway use. RFC 6750, section 3: no error code
// where the request holds no credentials.
const challenge = `Bearer realm="tollgate"`

// handler serves one configuration.
type handler struct {
	guard   *Guard
	mode    string
	metrics *metrics
	log     *slog.Logger
}

var _ plugin.Handler = (*handler)(nil)

// Access costs a passing request one PDK call.
func (h *handler) Access(_ context.Context, r *kong.Request) {
	headers, err := r.Headers()
	if err != nil {
		h.unread(r, err)
		return
	}
	verdict := h.guard.Check(headers)
	if verdict.Passes() {
		h.metrics.count(passed, h.mode, nil)
		return
	}
	rep := h.report(r, verdict)
	h.metrics.count(rep.Decision, h.mode, rep.Violations)
	_ = r.Log.Warn(rep.line())
	_ = r.SetLogMember("tollgate.header_guard", rep.logMember())
	if rep.Decision == rejected {
		reject(r, rep)
	}
}

// report asks Kong for what identifies the request. An answer that fails leaves its member empty.
func (h *handler) report(r *kong.Request, v Verdict) report {
	d := audited
	if h.mode == modeEnforce {
		d = rejected
	}
	peer, _ := r.Client.GetIp()
	return report{
		Plugin: Name, Decision: d, Mode: h.mode, Status: v.Status, Violations: v.Violations,
		RequestID: r.ID(), Peer: peer,
	}
}

func reject(r *kong.Request, rep report) {
	var headers []kong.Header
	if rep.Status == http.StatusUnauthorized {
		headers = append(headers, kong.Header{Name: "WWW-Authenticate", Value: challenge})
	}
	r.Reject(problem.Problem{
		Status:    rep.Status,
		Detail:    "The request lacks headers that it needs, or holds them in a form that is not accepted.",
		RequestID: rep.RequestID,
		Extra:     map[string]any{"violations": rep.Violations},
	}, headers...)
}

// unread ends a request whose headers Kong did not hand over: a guard that cannot look does not let
// pass, unless it only audits.
func (h *handler) unread(r *kong.Request, err error) {
	h.metrics.count(unread, h.mode, nil)
	h.log.Warn("header-guard could not read a request's headers", "mode", h.mode, "error", err)
	if h.mode == modeEnforce {
		r.Reject(problem.Problem{
			Status: http.StatusInternalServerError,
			Detail: "The gateway could not read the request's headers.",
		})
	}
}

// Close does nothing: the configuration holds only memory.
func (h *handler) Close() {}
