package headerguard

import (
	"crypto/sha256"
	"strconv"
	"strings"
	"time"
)

// The bounds of the format.
const (
	maxWitness      = 4096 // bytes of a witness
	maxWitnessTime  = 12   // digits of its time
	maxWitnessLines = 4    // digits of a count
)

// unlisted stands in place of both lists where they would be too long.
const unlisted = "*"

// witnessText is a witness taken apart: v1;t=…;r=…;s=…;d=…
type witnessText struct {
	// time, received and sent are as they stand there, which is what the digest covers.
	time, received, sent string
	at                   time.Time
	digest               [sha256.Size]byte
}

// splitWitness takes the fields apart, in their order. Its errors are witnessFaults.
func splitWitness(value string) (witnessText, error) {
	if len(value) > maxWitness {
		return witnessText{}, faultTooLarge
	}
	version, rest, _ := strings.Cut(value, ";")
	if version != "v1" {
		return witnessText{}, versionFault(version)
	}
	var t witnessText
	var digest string
	for _, field := range []struct {
		name string
		text *string
	}{{"t=", &t.time}, {"r=", &t.received}, {"s=", &t.sent}, {"d=", &digest}} {
		var text string
		text, rest, _ = strings.Cut(rest, ";")
		var ok bool
		if *field.text, ok = strings.CutPrefix(text, field.name); !ok {
			return witnessText{}, faultMalformed
		}
	}
	if rest != "" || !t.readTime() || !t.readDigest(digest) {
		return witnessText{}, faultMalformed
	}
	return t, nil
}

// versionFault tells a later version of the format from what is no witness at all.
func versionFault(version string) error {
	number, ok := strings.CutPrefix(version, "v")
	if ok && isCount(number, maxWitnessLines) {
		return faultVersion
	}
	return faultMalformed
}

func (t *witnessText) readTime() bool {
	if !isCount(t.time, maxWitnessTime) {
		return false
	}
	seconds, err := strconv.ParseInt(t.time, 10, 64)
	t.at = time.Unix(seconds, 0)
	return err == nil
}

func (t *witnessText) readDigest(text string) bool {
	if len(text) != digestEncoding.EncodedLen(sha256.Size) {
		return false
	}
	n, err := digestEncoding.Decode(t.digest[:], []byte(text))
	return err == nil && n == sha256.Size // the decoder passes over line ends
}

// isCount tells whether text is a decimal number without leading zeros, of so many digits at most.
func isCount(text string, digits int) bool {
	if text == "" || len(text) > digits || text[0] == '0' {
		return false
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}
