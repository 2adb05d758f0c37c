package jwksverify

import "context"

// search is how far the search for a kid that the set in use lacks has come.
type search int

const (
	// searchPending: no fetch that looked for the kid has ended well. A fetch that took off before the kid came
	// up tells nothing about it, however fresh its set: the key may have been published since.
	searchPending search = iota
	// searchFailing: the last fetch failed, so that nobody can say what the issuer publishes now.
	searchFailing
	// searchVain: a fetch that took off to look for the kid a short while ago came back without it.
	searchVain
)

// lacksKid tells that the issuer's key set has no key for the kid that the token names, if it names one.
func (j *judged) lacksKid() bool { return j.refused != nil && j.refused.reason == reasonKidUnknown }

// after is what a token comes to that the set in use lacks a key for. Unless the kid was looked for in vain it
// is refused through no fault of its own: a client that is told that its token is invalid throws a good one
// away, and comes back with another of the same key.
func (j *judged) after(s search) *judged {
	switch s {
	case searchFailing:
		return &judged{found: j.found, refused: &refusal{
			reasonKeysUnavailable, "the key set in use lacks the kid, and the issuer's cannot be had at the moment",
		}}
	case searchPending:
		// The reason stays: random kids, of which most come to this, must not look like an outage of the issuer.
		return &judged{found: j.found, undecided: true, refused: &refusal{
			reasonKidUnknown, "the key set in use lacks the kid, which the issuer's was not looked through for yet",
		}}
	}
	return j
}

// again verifies a token that other keys could turn each time that such come, within the time that a request may
// wait.
func (h *handler) again(ctx context.Context, a attempt) attempt {
	lease := h.keys[a.found.issuer]
	until := lease.until()
	for a.wantsKeys() && lease.renewed(ctx, a.sets[a.found.issuer], a.found.kid, until) {
		a = h.attempt(a.token)
	}
	a.now = h.now()
	if a.lacksKid() {
		a.judged = a.after(lease.search(a.found.kid, a.now))
	}
	return a
}
