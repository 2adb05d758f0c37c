package headerguard

// Place is where a header was lost or added.
type Place string

// The places, as far as the load balancer's witness tells them.
const (
	// NotSentByClient: the load balancer's first iRule did not see it. A policy may act before that.
	NotSentByClient Place = "not_sent_by_client"
	StrippedByF5    Place = "stripped_by_f5"
	// StrippedAfterF5: between the load balancer and this plugin.
	StrippedAfterF5 Place = "stripped_after_f5"
	AddedByClient   Place = "added_by_client"
	AddedByF5       Place = "added_by_f5"
	// Unknown: there was no witness, or it tells nothing of this. It covers names, not values.
	Unknown Place = "unknown"
)

// testimony is what a witness tells. Its zero value tells nothing.
type testimony struct {
	given          bool
	received, sent string // lists of names
}

// place says where the header of a fault came to be as it is.
func (t testimony) place(f *fault) Place {
	if !t.given {
		return Unknown
	}
	received, sent := findMention(t.received, f.name), findMention(t.sent, f.name)
	switch {
	case f.reason == Spoofed, f.reason == Alias:
		return added(received.lines > 0, sent.lines > 0)
	case f.reason == Duplicate:
		return added(received.lines > f.limit, sent.lines > f.limit)
	case f.reason == ContentLength:
		return Unknown // it is about what Connection says, and about values
	case f.reason == Missing, f.reason == Blank, !f.came:
		return lost(received, sent)
	default:
		// A value is at fault. Whose it is cannot be told where both have had the header in hand.
		return added(false, received.lines == 0 && sent.lines > 0)
	}
}

// lost looks for the last who had a value. A header that was blank when the client sent it was not taken
// away by anybody.
func lost(received, sent mention) Place {
	switch {
	case sent.sound():
		return StrippedAfterF5
	case received.sound():
		return StrippedByF5
	default:
		return NotSentByClient
	}
}

// added looks for the first who had the line.
func added(received, sent bool) Place {
	switch {
	case received:
		return AddedByClient
	case sent:
		return AddedByF5
	default:
		return Unknown
	}
}
