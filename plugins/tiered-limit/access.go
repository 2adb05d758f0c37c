package tieredlimit

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"

	"tollgate/internal/kong"
	"tollgate/internal/plugin"
	"tollgate/internal/problem"
)

const (
	// logMember is the member of Kong's access log.
	logMember = "tollgate.tiered_limit"
	// sharedClaims is where jwks-verify leaves the claims of a verified token.
	sharedClaims = "tollgate_claims"
)

// handler is one compiled configuration.
type handler struct {
	subjects subjects
	claim    string // that names tiers; empty for none
	tiers    ladder
	limiter  limiter
	answers  answers
	metrics  *metrics
	reported reported
	refusing atomic.Bool // the last request was rejected, and so the next may be
	release  func()
}

var _ plugin.Handler = (*handler)(nil)

// judged is one request, whose it is, and what becomes of it.
type judged struct {
	Decision
	subject subject
	key     string
	tier    *rung // nil where none was chosen
}

// Access counts the request for its consumer, and rejects it where a limit is exceeded. How often a
// request that passes waits for Kong is in doc.go.
func (h *handler) Access(ctx context.Context, r *kong.Request) {
	h.expect(r)
	j, err := h.judge(ctx, r)
	if err != nil {
		h.fail(r, err)
		return
	}
	h.metrics.decided(j.Decision, h.answers.dryRun)
	h.warn(r, j)
	if h.answers.logged(j.Decision) {
		_ = r.SetLogRecord(logMember, h.answers.member(j.Decision)...)
	}
	if h.answers.dryRun {
		markUpstream(r, mark(j.Decision))
	}
	passes := h.answers.passes(j.Decision)
	if passes == h.refusing.Load() {
		h.refusing.Store(!passes)
	}
	if !passes {
		p, headers := h.answers.rejection(j.signs(), j.Decision)
		r.Reject(p, headers...)
		return
	}
	if headers := h.answers.families.of(j.signs(), j.Decision); len(headers) > 0 {
		_ = r.SetResponseHeaders(headers...)
	}
}

// expect has Kong asked together, and waited for once, for what the request will need.
func (h *handler) expect(r *kong.Request) {
	if h.refusing.Load() {
		r.ExpectID()
	}
	if own := h.tiers.own; own != nil && own.limits.unlimited() {
		return // then whose request it is decides nothing
	}
	if h.claim != "" && h.tiers.own == nil {
		r.ExpectShared(sharedClaims)
	}
	h.subjects.expect(r)
}

// signs are the tier's; nil where none was chosen, and then no limit is told.
func (j *judged) signs() *signs {
	if j.tier == nil {
		return nil
	}
	return &j.tier.signs
}

// judge gathers what the decision rests on; its error is of the PDK.
func (h *handler) judge(ctx context.Context, r *kong.Request) (judged, error) {
	who, err := h.subjects.of(r)
	if err != nil {
		return judged{}, err
	}
	if who.kind == "" {
		return judged{Decision: anonymous(h.subjects.onAnonymous)}, nil
	}
	t, err := h.tierOf(r, who)
	if err != nil {
		return judged{}, err
	}
	if t.limits.unlimited() {
		return judged{Decision: Decision{Tier: t.name, Verdict: Admitted, Store: FromTier}, tier: t}, nil
	}
	key, err := h.subjects.key(r, who)
	if err != nil {
		return judged{}, err
	}
	return judged{Decision: h.limiter.decide(ctx, key, t.tier), subject: who, key: key, tier: t}, nil
}

// tierOf returns the tier that holds for a request.
func (h *handler) tierOf(r *kong.Request, who subject) (*rung, error) {
	if h.tiers.own != nil {
		return h.tiers.own, nil
	}
	var claimed []string
	if h.claim != "" {
		claims, err := r.Shared(sharedClaims)
		if err != nil {
			return nil, err
		}
		claimed = claimedNames(claims, h.claim)
	}
	t, strangers := h.tiers.pick(who.consumer.Tags, claimed)
	for _, s := range strangers {
		if h.reported.first(s.name) {
			_ = r.Log.Warn(fmt.Sprintf("%s: %s names the tier %.64q, which is not in tiers", Name, s.namedBy, s.name))
		}
	}
	return t, nil
}

// fail ends a request of which Kong could not say what is needed: unknown is not unlimited. Where the
// connection is gone, nobody reads this.
func (h *handler) fail(r *kong.Request, err error) {
	_ = r.Log.Err(Name, ": ", err.Error())
	h.metrics.failed()
	if h.answers.dryRun {
		markUpstream(r, markError)
		return
	}
	r.Reject(problem.Problem{Status: http.StatusInternalServerError})
}

// markUpstream tells the upstream of a dry run's decision, on each of its requests, so that no client can.
func markUpstream(r *kong.Request, value string) {
	_ = r.SetUpstreamHeaders(kong.Header{Name: dryRunHeader, Value: value})
}

// warn tells the operator of a quota that is nearly used up.
func (h *handler) warn(r *kong.Request, j judged) {
	if j.tier == nil {
		return
	}
	for _, w := range j.tier.warnings {
		if w.due(j.Decision) {
			h.metrics.warned(j.Tier, w, j.Day)
			_ = r.Log.Warn(fmt.Sprintf("%s: %s has used %d %% of its day: %d of %d requests, tier %s",
				Name, j.who(), w.percent, j.Day.used(), j.Day.Limit, j.Tier))
		}
	}
}

// who names the count for an operator, with its consumer where Kong had to be asked for one.
func (j *judged) who() string {
	if name := j.subject.consumer.Username; name != "" {
		return fmt.Sprintf("%.128q (consumer %.64q)", j.key, name)
	}
	return fmt.Sprintf("%.128q", j.key)
}

// Close gives the connections back.
func (h *handler) Close() { h.release() }
