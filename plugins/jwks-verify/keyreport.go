package jwksverify

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// keysReport is the plugin's section of /status.
type keysReport struct {
	KeySets []keySetReport `json:"key_sets"`
}

// keySetReport tells of one source. It holds no key, and of its address no part that can be a secret.
type keySetReport struct {
	Source string `json:"source"`
	// State is fresh, stale (some of the configurations that share the source go without keys) or absent (all do).
	State string `json:"state"`
	// Fetched is when keys were last fetched with success, absent before the first time; AgeSeconds is the time
	// since, or since the start.
	Fetched    *time.Time `json:"fetched,omitempty"`
	AgeSeconds int64      `json:"age_seconds"`
	// MaxStaleSeconds is the shortest jwks_max_stale_seconds of the configurations that share the source.
	MaxStaleSeconds int64 `json:"max_stale_seconds"`
	// Keys is how many of the set can be used.
	Keys int `json:"keys"`
	// Kids are those of all keys of the set, sorted; at most maxToldKids of them.
	Kids []string `json:"kids"`
	// Skipped is how many keys of the set cannot be used.
	Skipped   int          `json:"skipped"`
	LastFetch *fetchReport `json:"last_fetch,omitempty"`
}

type fetchReport struct {
	Result string    `json:"result"`
	At     time.Time `json:"at"`
}

// The states of a key set.
const (
	keysFresh  = "fresh"
	keysStale  = "stale"
	keysAbsent = "absent"
)

// maxToldKids bounds what one set adds to /status.
const maxToldKids = 64

// report tells of all key sets, by source.
func (s *keyStore) report() any {
	now, r := s.now(), keysReport{KeySets: []keySetReport{}}
	for _, source := range s.remotes() {
		r.KeySets = append(r.KeySets, source.report(now))
	}
	slices.SortFunc(r.KeySets, func(a, b keySetReport) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(b.AgeSeconds, a.AgeSeconds))
	})
	return r
}

func (r *remote) report(now time.Time) keySetReport {
	age := r.age(now)
	out := keySetReport{
		Source: r.source.name(), State: keysAbsent, AgeSeconds: int64(age / time.Second),
		MaxStaleSeconds: int64(r.terms.current().maxStale / time.Second), Kids: []string{},
	}
	if last := r.last.Load(); last != nil {
		out.LastFetch = &fetchReport{last.cause, last.at.UTC()}
	}
	if h := r.held.Load(); h != nil {
		at := h.at.UTC()
		out.Fetched, out.State = &at, r.terms.starving(age).state()
		out.Keys, out.Skipped, out.Kids = h.set.usable, len(h.set.skipped), toldKids(h.set.kids)
	}
	return out
}

func (s starving) state() string {
	switch s {
	case starvingNone:
		return keysFresh
	case starvingSome:
		return keysStale
	}
	return keysAbsent
}

// toldKids bounds the kids, of which a set's author chooses number and length.
func toldKids(kids map[string]bool) []string {
	sorted := slices.Sorted(maps.Keys(kids))
	out := make([]string, 0, min(len(sorted), maxToldKids))
	for _, kid := range sorted[:cap(out)] {
		out = append(out, bounded(kid))
	}
	return out
}
