package instance

import (
	"context"
	"net/http"
	"time"

	"golang.org/x/time/rate"

	"tollgate/internal/kong"
	"tollgate/internal/plugin"
	"tollgate/internal/problem"
)

// refused is the handler of an instance whose configuration is wrong.
type refused struct {
	reason error
	log    rate.Sometimes // every request fails; not every one needs a line
}

func newRefused(reason error) plugin.Handler {
	return &refused{reason: reason, log: rate.Sometimes{First: 1, Interval: 10 * time.Second}}
}

// Access answers 500. The client learns no more than that; the operator finds the reason in Kong's log.
func (h *refused) Access(_ context.Context, r *kong.Request) {
	h.log.Do(func() { _ = r.Log.Err("refused: ", h.reason.Error()) })
	r.Reject(problem.Problem{
		Status: http.StatusInternalServerError,
		Detail: "A plugin of the gateway is not configured correctly.",
	})
}

// Close has nothing to give back.
func (h *refused) Close() {}
