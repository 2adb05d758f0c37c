package headerguard

import (
	"errors"
	"net/http"
	"net/netip"
	"slices"

	"tollgate/internal/kong"
	"tollgate/internal/problem"
)

// challenge names the scheme that clients of this gateway use. RFC 6750, section 3: no error code
// where the request holds no credentials.
const challenge = `Bearer realm="tollgate"`

// told is what a client is told of a fault. Its members are those of violation.
type told struct {
	Rule   string `json:"rule,omitempty"`
	Header string `json:"header,omitempty"`
	Reason Reason `json:"reason,omitempty"`
	Place  Place  `json:"place,omitempty"`
}

// answer is what a refused client gets: of the faults those that refused it, as far as detail says.
func answer(v verdict, detail string) (problem.Problem, []kong.Header) {
	p := problem.Problem{
		Status: v.status,
		Detail: "The request lacks headers that it needs, or holds them in a form that is not accepted.",
	}
	if detail != detailNone {
		p.Extra = map[string]any{"violations": toldOf(v.faults, detail)}
	}
	if v.status == http.StatusUnauthorized { // which demands a challenge (RFC 9110, section 15.5.2)
		return p, []kong.Header{{Name: "WWW-Authenticate", Value: challenge}}
	}
	return p, nil
}

func toldOf(faults []fault, detail string) []told {
	out := []told{}
	for i := range faults {
		f := &faults[i]
		switch {
		case f.check.mode != modeEnforce:
		case detail == detailFull:
			out = append(out, told{Rule: f.check.name, Header: f.header, Reason: f.reason, Place: f.place})
		case f.header != "" && !slices.Contains(out, told{Header: f.header}):
			out = append(out, told{Header: f.header})
		}
	}
	return out
}

// unreadAnswer is for a request whose headers could not be looked at.
func unreadAnswer(status int) problem.Problem {
	detail := "The gateway could not read the request's headers."
	if status == http.StatusRequestHeaderFieldsTooLarge {
		detail = "The request has too many header lines."
	}
	return problem.Problem{Status: status, Detail: detail}
}

// tooMany tells whether Kong may have more header lines than it handed over.
func tooMany(lines int) bool { return lines >= kong.MaxHeaders }

var errTooMany = errors.New("there are more header lines than Kong hands over")

// unread ends a request whose headers Kong did not hand over: a guard that cannot look does not let
// pass, unless all of it only audits. Then what the upstream is to believe of this plugin goes, unseen.
func (h *handler) unread(r *kong.Request, status int, cause error) {
	h.metrics.count(unread)
	h.complaints.Do(func() {
		h.log.Warn("header-guard could not read a request's headers", "refused", h.enforces, "error", cause)
	})
	if !h.enforces {
		for _, header := range h.removed {
			for _, name := range spellings(header) {
				_ = r.ClearUpstreamHeader(name)
			}
		}
		return
	}
	c, to := h.ask(r, true, netip.Addr{})
	v := verdict{decision: unread, status: status}
	_ = r.SetLogMember(logKey, logMember(v))
	rep := h.report(r, v, c, to)
	_ = r.Log.Warn(rep.line())
	p := unreadAnswer(status)
	p.RequestID = rep.RequestID
	r.Reject(p)
}
