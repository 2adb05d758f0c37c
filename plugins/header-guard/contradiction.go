package headerguard

import (
	"fmt"
	"slices"
	"strings"
)

// What follows refuses configurations whose members, each valid, contradict one another.

// spellings refuses two rules on spellings of one header for the same requests: what meets one is an alias for
// the other.
func (v *validation) spellings() {
	rules := v.config.Rules
	for i := range rules {
		for j := range i {
			one, other := &rules[j], &rules[i]
			if !strings.EqualFold(one.Header, other.Header) && sameHeader(lower(one.Header), lower(other.Header)) && overlap(one, other) {
				v.problems.Add(elementPath("rules", other.Name, i)+".header", fmt.Sprintf(
					"must not be another spelling of %s.header, no request could meet both", elementPath("rules", one.Name, j)))
			}
		}
	}
}

// overlap tells of two rules whether they hold for the same requests, as far as that is plain.
func overlap(a, b *Rule) bool {
	return len(a.Methods)+len(a.Paths) == 0 || len(b.Methods)+len(b.Paths) == 0 ||
		slices.Equal(a.Methods, b.Methods) && slices.Equal(a.Paths, b.Paths)
}

// presetRule tells whether a name is that of a rule that a preset stands for.
func (c *Config) presetRule(name string) bool {
	header := map[string]string{presetHost: "host", presetAuthorization: "authorization"}[name]
	if header == "" || !slices.Contains(c.Presets, name) {
		return false
	}
	return !slices.ContainsFunc(c.Rules, func(r Rule) bool {
		return sameHeader(lower(r.Header), header) && len(r.Methods)+len(r.Paths) == 0
	})
}

// peers refuses options that have nothing to act on.
func (v *validation) peers() {
	c := v.config
	switch {
	case c.OnUntrustedPeer == peerReject && len(c.TrustedPeers) == 0:
		v.problems.Add("trusted_peers", "is required with on_untrusted_peer reject")
	case c.OnUntrustedPeer == peerAllow && len(c.TrustedPeers) > 0 && c.Witness == nil &&
		len(c.Rules)+len(c.AnyOf)+len(c.Presets)+len(c.Hosts) == 0:
		v.problems.Add("on_untrusted_peer", "must not be allow where nothing but trusted_peers is set, which then has no effect")
	}
}

// removed refuses to take off each request what others need.
func (v *validation) removed(path, header string) {
	name := lower(header)
	switch {
	case removedByKong(name):
		v.problems.Add(path, fmt.Sprintf("must not be one that Kong removes from each request, got %q", header))
	case meaningful(name):
		v.problems.Add(path, fmt.Sprintf("must not be one with a meaning of its own, as it is removed from each request, got %q", header))
	case dashes(name) > mostDashes:
		v.problems.Add(path, fmt.Sprintf("must have at most %d dashes and underscores, as each spelling is removed, got %q", mostDashes, header))
	}
}
