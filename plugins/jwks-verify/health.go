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
	cause    string   // of the failures, as last written
	told     starving // it is written that the keys are too old for so many
}

// starving tells how many of the configurations that share a source go without keys, because the set that is
// there is older than their own jwks_max_stale_seconds.
type starving int

const (
	starvingNone starving = iota
	starvingSome
	starvingAll
)

// failed returns the number of failures in a row. had tells that there ever was a set, s for whom it is too old
// by now.
func (h *health) failed(err error, had bool, s starving) int {
	h.failures++
	if cause := causeOf(err); h.failures == 1 || cause != h.cause {
		h.cause = cause
		h.log.Warn("fetching a key set failed", "error", err, "older_set_in_use", had && s != starvingAll)
	}
	if had {
		h.starve(s)
	}
	return h.failures
}

// starve writes one line when the first configuration starves, and one when all do.
func (h *health) starve(s starving) {
	if s > h.told {
		switch s {
		case starvingSome:
			h.log.Error("the key set is too old for the configuration with the shortest jwks_max_stale_seconds: " +
				"its tokens are answered with 503 until the set can be fetched, others that share it may go on")
		case starvingAll:
			h.log.Error("the key set is too old for every configuration: tokens are answered with 503 until it can be fetched")
		}
	}
	h.told = s // less where a more patient configuration came
}

func (h *health) succeeded(set *keySet, changed bool) {
	switch {
	case changed:
		h.log.Info("a new key set is in use", "keys", set.usable, "skipped", reasons(set.skipped))
	case h.failures > 0:
		h.log.Info("the key set can be fetched again", "failures", h.failures)
	}
	h.failures, h.cause, h.told = 0, "", starvingNone
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
