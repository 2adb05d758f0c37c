package jwksverify

import (
	"errors"
	"fmt"
	"log/slog"
)

// health writes one line for each change in how a source's fetches go, not for each fetch. The logger
// names the source.
type health struct {
	log      *slog.Logger
	failures int
	cause    string // of the failures, as last written
	expired  bool   // it is written that the keys are too old
}

// failed returns the number of failures in a row. had tells that there ever was a set, inUse that it is
// still fresh enough.
func (h *health) failed(err error, had, inUse bool) int {
	h.failures++
	if cause := causeOf(err); h.failures == 1 || cause != h.cause {
		h.cause = cause
		h.log.Warn("fetching a key set failed", "error", err, "older_set_in_use", inUse)
	}
	if had && !inUse && !h.expired {
		h.expired = true
		h.log.Error("the key set is too old: tokens are answered with 503 until it can be fetched")
	}
	return h.failures
}

func (h *health) succeeded(set *keySet, changed bool) {
	switch {
	case changed:
		h.log.Info("a new key set is in use", "keys", set.usable, "skipped", reasons(set.skipped))
	case h.failures > 0:
		h.log.Info("the key set can be fetched again", "failures", h.failures)
	}
	h.failures, h.cause, h.expired = 0, "", false
}

// reasons are the first few of what can be as many as maxKeys.
func reasons(errs []error) []string {
	const most = 8
	var out []string
	for _, err := range errs[:min(len(errs), most)] {
		out = append(out, err.Error())
	}
	if more := len(errs) - most; more > 0 {
		out = append(out, fmt.Sprintf("and %d more", more))
	}
	return out
}

// causes are what causeOf returns.
func causes() []string { return []string{"ok", "unreachable", "status", "invalid", "discovery"} }

// causeOf is the kind of a failure, one of few: the metric's label. Errors themselves hold ports and
// counts, and are never the same twice.
func causeOf(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, errDiscovery):
		return "discovery"
	case errors.Is(err, errStatus):
		return "status"
	case errors.Is(err, errInvalid):
		return "invalid"
	}
	return "unreachable"
}
