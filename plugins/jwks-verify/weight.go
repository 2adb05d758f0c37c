package jwksverify

import "strings"

// What things take in memory, in bytes, as Go 1.26 allocates them on 64 bits.
const (
	// weightOfJudged is a judged with its refusal, weightOfIdentity an identity, each without what it points to.
	weightOfJudged   = 240
	weightOfIdentity = 224
	weightOfLookup   = 32
	weightOfField    = 32
	// weightOfText is a string's header in an interface, weightOfElement the room for a value in a list that grew.
	weightOfText    = 16
	weightOfElement = 24
)

// weight is about what a judged takes in memory, whose token is given: of that it keeps the payload's text, of
// which strings of the identity are parts, or nothing.
func (j *judged) weight(token string) int {
	if j.found.identity == nil {
		return weightOfJudged + len(j.found.kid)
	}
	_, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	return weightOfJudged + len(j.found.kid) + len(payload)*3/4 + j.found.identity.weight()
}

// weight counts texts that may be of their own, as they are where something had to be escaped.
func (id *identity) weight() int {
	total := weightOfIdentity + weightOfLookup*len(id.lookups) + weight(id.logged) + weight(id.groups)
	for _, member := range id.logged {
		text, _ := member.(string)
		total += len(text)
	}
	for _, f := range id.fields {
		total += weightOfField + len(f.value)
	}
	if id.shared != nil {
		total += weight(id.shared)
	}
	return total
}

// weight is about what a claim's value takes in memory, but for texts.
func weight(value any) int {
	total := weightOfText
	switch v := value.(type) {
	case map[string]any:
		total += weightOfMap(len(v))
		for _, member := range v {
			total += weight(member)
		}
	case []any:
		for _, element := range v {
			total += weightOfElement + weight(element)
		}
	}
	return total
}

// weightOfMap is what a map takes for n members with string keys: room for a power of two of them, of which it
// fills seven eighths.
func weightOfMap(n int) int {
	const itself, slot, fewest = 96, 33, 8
	slots := fewest
	for slots < n || slots > fewest && slots*7/8 < n {
		slots *= 2
	}
	return itself + slots*slot
}
