package headerguard

import "slices"

// exemption is what spares a request the checks that are not strict.
type exemption string

const (
	byPeer   exemption = "peer"
	byMethod exemption = "method"
	byPath   exemption = "path"
)

// exemptions are all of a configuration.
type exemptions struct {
	peers   networks
	methods []string
	paths   []pathPattern
}

func newExemptions(e *Exempt) exemptions {
	return exemptions{peers: parseNetworks(e.Peers), methods: e.Methods, paths: newPaths(e.Paths, exemptExpression)}
}

// cover tells by what a request is exempt. A request of which nothing is known is not.
func (e *exemptions) cover(c circumstances) []exemption {
	var by []exemption
	if c.peer.IsValid() && e.peers.have(c.peer) {
		by = append(by, byPeer)
	}
	if c.line.method == "" {
		return by
	}
	if slices.Contains(e.methods, c.line.method) {
		by = append(by, byMethod)
	}
	if anyCovers(e.paths, c.line.routed) {
		by = append(by, byPath)
	}
	return by
}

// sparedBy is the first of a request's exemptions that the check lets count, empty for none.
func (c *check) sparedBy(by []exemption) exemption {
	for _, one := range by {
		if !c.strict && (one != byMethod || !c.everyMethod) {
			return one
		}
	}
	return ""
}
