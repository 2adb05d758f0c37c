package jwksverify

// What values of claims take in memory, in bytes, measured on Go 1.26 and rounded up: an interface with its
// string's header, and the room of a map, which grows by groups of eight members.
const (
	weightOfValue  = 32
	weightOfMap    = 384
	weightOfMember = 48
)

// weight is about what a claim's value takes in memory. Strings are parts of the token's text, which is
// counted once, apart.
func weight(value any) int {
	total := weightOfValue
	switch v := value.(type) {
	case claims:
		return weight(map[string]any(v))
	case map[string]any:
		total += weightOfMap
		for _, member := range v {
			total += weightOfMember + weight(member)
		}
	case []any:
		for _, element := range v {
			total += weight(element)
		}
	}
	return total
}
