package instance

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"tollgate/internal/kong"
	"tollgate/internal/plugin"
	"tollgate/internal/problem"
)

// refused is the handler of an instance whose configuration is wrong.
type refused struct {
	reason string
	log    rate.Sometimes // every request fails; not every one needs a line
}

func newRefused(reason error) plugin.Handler {
	return &refused{reason: brief(reason), log: rate.Sometimes{First: 1, Interval: 10 * time.Second}}
}

// brief is an error's text, cut where it is so long that no one wrote the configuration by hand: a refused instance
// keeps it, and Kong's log and ours have it.
func brief(reason error) string {
	const longest = 4 << 10
	text := reason.Error()
	if len(text) <= longest {
		return text
	}
	return fmt.Sprintf("%s … (%d bytes in all)", strings.ToValidUTF8(text[:longest], ""), len(text))
}

// Access answers 500. The client learns no more than that; the operator finds the reason in Kong's log.
func (h *refused) Access(_ context.Context, r *kong.Request) {
	h.log.Do(func() { _ = r.Log.Err("refused: ", h.reason) })
	r.Reject(problem.Problem{
		Status: http.StatusInternalServerError,
		Detail: "A plugin of the gateway is not configured correctly.",
	})
}

// Close has nothing to give back.
func (h *refused) Close() {}
