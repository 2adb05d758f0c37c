package jwksverify

import "strings"

// lookup is one question to Kong for a consumer.
type lookup struct {
	// name is what Kong is asked for.
	name string
	// by is byUsername or byID where the consumer must have the name as that, empty where either will do.
	by string
}

// fits tells whether a consumer that Kong found is the one that was meant. Kong looks for an id first
// (kong.client.load_consumer), so that a name in the form of one could find somebody else's.
func (l lookup) fits(id, username string) bool {
	switch l.by {
	case byUsername:
		return username == l.name
	case byID:
		return strings.EqualFold(id, l.name)
	}
	return true
}

// lookups are the questions that verified claims lead to, each once, in the order of consumer_claims.
func (i *identifier) lookups(c claims) []lookup {
	var out []lookup
	asked := map[string]bool{}
	for _, path := range i.consumers {
		value, _ := path.in(c)
		l, ok := i.lookup(nameText(value))
		if ok && !asked[l.name] {
			asked[l.name] = true
			out = append(out, l)
		}
	}
	return out
}

// lookup is the question for a claim's value; none for a value that can be nobody's. Kong ends the whole
// request where it is asked for an id that has not the form of one.
func (i *identifier) lookup(name string) (l lookup, ok bool) {
	switch {
	case name == "":
		return lookup{}, false
	case i.config.ConsumerBy == byCustomID:
		consumer, known := i.customIDs[name]
		return lookup{name: consumer}, known
	case i.config.ConsumerBy == byID:
		return lookup{name: name, by: byID}, isUUID(name)
	}
	return lookup{name: name, by: byUsername}, true
}

// isUUID is kong.tools.uuid.is_valid_uuid.
func isUUID(s string) bool {
	const length = 36
	if len(s) != length {
		return false
	}
	for i := range len(s) {
		c := s[i]
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
		if dash != (c == '-') || !dash && !hex {
			return false
		}
	}
	return true
}
