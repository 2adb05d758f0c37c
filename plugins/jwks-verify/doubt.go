package jwksverify

import (
	"context"
	"time"
)

// lacksKid tells that the issuer's key set has no key for the kid that the token names, if it names one.
func (j *judged) lacksKid() bool { return j.refused != nil && j.refused.reason == reasonKidUnknown }

// inDoubt is a refusal through no fault of the token: the issuer may have published its key since its set was
// last seen. A client that is told that its token is invalid throws a good one away, and comes back with
// another of the same key.
func (j *judged) inDoubt() *judged {
	return &judged{found: j.found, refused: &refusal{
		reasonKeysUnavailable, "the key set in use lacks the kid, and the issuer's cannot be had at the moment",
	}}
}

// again verifies a token that other keys could turn, where such came within the time that a request may wait.
// It returns the time of what it came to.
func (h *handler) again(ctx context.Context, token string, j *judged, sets []*keySet) (*judged, time.Time) {
	lease := h.keys[j.found.issuer]
	renewed := lease.renewed(ctx, sets[j.found.issuer], j.found.kid)
	now := h.now()
	if renewed {
		j = h.authenticate(token, h.sets(now), now)
	}
	if j.lacksKid() && !lease.certain(j.found.kid, now) {
		j = j.inDoubt()
	}
	return j, now
}
