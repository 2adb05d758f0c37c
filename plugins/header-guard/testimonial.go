package headerguard

import (
	"net/netip"
	"time"
)

// witnessState is what became of the load balancer's witness: one of these, or the fault that its reader found.
type witnessState string

const (
	witnessGood witnessState = "good"
	// witnessAbsent: the peer is trusted, and told nothing.
	witnessAbsent witnessState = "absent"
	// witnessUntrusted: it came from a peer that is not trusted, and was not looked at.
	witnessUntrusted witnessState = "untrusted"
	// witnessMalformed: more than one came.
	witnessMalformed witnessState = "malformed"
)

// witnessStates are all of them.
func witnessStates() []witnessState {
	states := []witnessState{witnessGood, witnessAbsent, witnessUntrusted, witnessMalformed}
	for _, f := range []witnessFault{faultVersion, faultDigest, faultClock, faultTooLarge} {
		states = append(states, witnessState(f))
	}
	return states
}

// witnessBox is where a configuration's witnesses come from.
type witnessBox struct {
	header  string // lower case
	reader  *witnesses
	trusted networks
}

// newWitnessBox returns nil where the configuration has no witness.
func newWitnessBox(c *Config) *witnessBox {
	if c.Witness == nil {
		return nil
	}
	return &witnessBox{header: lower(c.Witness.Header), reader: newWitnesses(*c.Witness), trusted: parseNetworks(c.TrustedPeers)}
}

// open reads the witness of a request.
func (b *witnessBox) open(q request, c circumstances, now time.Time) (testimony, witnessState) {
	lines := q.headers.Lines(b.header)
	switch {
	case len(lines) == 0:
		return testimony{}, witnessAbsent
	case !b.takesFrom(c.peer):
		return testimony{}, witnessUntrusted
	case len(lines) > 1:
		return testimony{}, witnessMalformed
	}
	told, err := b.reader.read(lines[0], seen{method: c.line.method, host: last(q.headers.Lines("host")), path: c.line.path}, now)
	if err != nil {
		return testimony{}, witnessState(err.Error())
	}
	return told, witnessGood
}

func (b *witnessBox) takesFrom(peer netip.Addr) bool { return peer.IsValid() && b.trusted.have(peer) }
