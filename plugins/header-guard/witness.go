package headerguard

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"time"
)

// WitnessConfig says how the load balancer's witness is read; its format is that of kong/f5/README.md.
type WitnessConfig struct {
	// Header is the one in which the witness comes. Default X-F5-Witness.
	Header string `json:"header"`
	// Secrets are the keys of the digest, one or two, of at least 32 bytes each. The load balancer signs with
	// the first; the second is accepted too, so that a key can be replaced without a gap. Required.
	Secrets []string `json:"secrets"`
	// WindowSeconds is how far the load balancer's clock may be off, either way: 1 to 600, default 30.
	WindowSeconds int `json:"window_seconds"`
}

// witnesses reads the witnesses of one configuration. It may be used from any goroutine.
type witnesses struct {
	keys   [][]byte
	window time.Duration
}

func newWitnesses(c WitnessConfig) *witnesses {
	w := &witnesses{window: time.Duration(c.WindowSeconds) * time.Second}
	for _, secret := range c.Secrets {
		w.keys = append(w.keys, []byte(secret))
	}
	return w
}

// seen is what of the request the digest covers, as it arrived here. Path is without the query, otherwise
// as on the request line.
type seen struct{ method, host, path string }

// witnessFault is why a witness tells nothing. It holds no part of the witness.
type witnessFault string

func (f witnessFault) Error() string { return string(f) }

// The faults.
const (
	// faultMalformed: not of the format, or more than one.
	faultMalformed witnessFault = "malformed"
	// faultVersion: of a later version of the format.
	faultVersion witnessFault = "version"
	// faultDigest: made with another key, for another request, or changed on the way.
	faultDigest witnessFault = "digest"
	// faultClock: made too long ago, or by a clock that is ahead.
	faultClock witnessFault = "clock"
	// faultTooLarge: longer than the format allows, or the load balancer says that its lists would be.
	faultTooLarge witnessFault = "too_large"
)

// read returns what the witness tells of the request. Nothing in it is believed, not even the time, before
// its digest is known to be right.
func (w *witnesses) read(value string, s seen, now time.Time) (testimony, error) {
	text, err := splitWitness(value)
	if err != nil {
		return testimony{}, err
	}
	if !w.signed(text, s) {
		return testimony{}, faultDigest
	}
	if now.Sub(text.at).Abs() > w.window {
		return testimony{}, faultClock
	}
	if text.received == unlisted && text.sent == unlisted {
		return testimony{}, faultTooLarge
	}
	if !validList(text.received) || !validList(text.sent) {
		return testimony{}, faultMalformed
	}
	return testimony{given: true, received: text.received, sent: text.sent}, nil
}

// signed tells whether one of the keys has made the digest. It takes the same time for each digest.
func (w *witnesses) signed(text witnessText, s seen) bool {
	if strings.ContainsAny(s.method+s.host+s.path, "\n") {
		return false // a line of its own would make the text ambiguous
	}
	covered := text.covered(s)
	right := 0
	for _, key := range w.keys {
		mac := hmac.New(sha256.New, key)
		_, _ = mac.Write(covered) // a hash returns no error
		var sum [sha256.Size]byte
		right |= subtle.ConstantTimeCompare(mac.Sum(sum[:0]), text.digest[:])
	}
	return right == 1
}

// covered is the text under the digest: lines, of which none can hold a line feed.
func (t witnessText) covered(s seen) []byte {
	const feeds = 6
	size := len(witnessPurpose) + len(t.time) + len(s.method) + len(s.host) + len(s.path) + len(t.received) + len(t.sent)
	text := make([]byte, 0, size+feeds)
	for _, line := range []string{witnessPurpose, t.time, s.method, s.host, s.path, t.received} {
		text = append(append(text, line...), '\n')
	}
	return append(text, t.sent...)
}

// witnessPurpose keeps a digest that was made with the same key for something else from being taken for a
// witness.
const witnessPurpose = "tollgate-witness-v1"

// digestEncoding is RFC 4648's for URLs, section 5. It refuses bits that stand for nothing, so that each
// digest has one spelling.
var digestEncoding = base64.RawURLEncoding.Strict()
