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
	return exemptions{peers: parseNetworks(e.Peers), methods: e.Methods, paths: newPaths(e.Paths)}
}

// covers tells by what a request is exempt, "" where it is not. A request of which nothing is known is not.
func (e *exemptions) covers(c circumstances) exemption {
	switch {
	case c.peer.IsValid() && e.peers.have(c.peer):
		return byPeer
	case c.line.method == "":
		return ""
	case slices.Contains(e.methods, c.line.method):
		return byMethod
	case anyCovers(e.paths, c.line.routed):
		return byPath
	}
	return ""
}
