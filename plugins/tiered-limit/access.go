package tieredlimit

import (
	"context"
	"fmt"
	"net/http"

	"tollgate/internal/kong"
	"tollgate/internal/plugin"
	"tollgate/internal/problem"
)

// logMember is the member of Kong's access log for requests that were rejected.
const logMember = "tollgate.tiered_limit"

// handler is one compiled configuration.
type handler struct {
	tiers    ladder
	limiter  limiter
	metrics  *metrics
	reported reported
	release  func()
}

var _ plugin.Handler = (*handler)(nil)

// Access counts the request for its consumer, and rejects it where a limit is exceeded. A request that
// passes waits for one PDK call where it has a consumer, for two where it has none.
func (h *handler) Access(ctx context.Context, r *kong.Request) {
	d, err := h.decide(ctx, r)
	if err != nil {
		// Unknown is not unlimited. Where the connection is gone, nobody reads this.
		_ = r.Log.Err(Name, ": ", err.Error())
		r.Reject(problem.Problem{Status: http.StatusInternalServerError})
		return
	}
	h.metrics.decided(d)
	if d.Admit {
		if headers := d.headers(); headers != nil {
			_ = r.SetResponseHeaders(headers...)
		}
		return
	}
	_ = r.SetLogMember(logMember, d.logMember())
	p, headers := d.rejection()
	r.Reject(p, headers...)
}

// decide gathers what the decision rests on; its error is of the PDK.
func (h *handler) decide(ctx context.Context, r *kong.Request) (Decision, error) {
	consumer, err := r.Client.GetConsumer()
	if err != nil {
		return Decision{}, fmt.Errorf("asking for the consumer: %w", err)
	}
	t, unknown := h.tiers.pick(consumer.Tags)
	h.report(r, unknown)
	if t.limits.unlimited() {
		return Decision{Tier: t.name, Admit: true, Store: FromTier}, nil
	}
	key, err := limitKey(r, consumer.Id)
	if err != nil {
		return Decision{}, err
	}
	return h.limiter.decide(ctx, key, t), nil
}

// limitKey names whose limit a request counts for.
func limitKey(r *kong.Request, consumerID string) (string, error) {
	if consumerID != "" {
		return "consumer:" + consumerID, nil
	}
	ip, err := r.Client.GetForwardedIp()
	if err != nil {
		return "", fmt.Errorf("asking for the client's address: %w", err)
	}
	return "ip:" + ip, nil
}

// report tells the operator of tags that name no tier, once for each name.
func (h *handler) report(r *kong.Request, unknown []string) {
	for _, name := range unknown {
		if h.reported.first(name) {
			_ = r.Log.Warn(fmt.Sprintf("%s: a consumer's tag names the tier %.64q, which is not in tiers", Name, name))
		}
	}
}

// Close gives the connections back.
func (h *handler) Close() { h.release() }
