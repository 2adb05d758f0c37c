package headerguard

import (
	"strconv"
	"strings"
)

// mention is what a list of a witness says of a header.
type mention struct {
	lines int  // how many of them there were
	blank bool // whether one of them had nothing in it but white space
}

// sound tells whether the header was there, with a value on every line.
func (m mention) sound() bool { return m.lines > 0 && !m.blank }

// findMention looks a name up in a list that validList has accepted. Where a name stands twice, which
// no load balancer writes, the first counts.
func findMention(list, name string) mention {
	want := escapedName(name)
	for item := range strings.SplitSeq(list, ",") {
		if found, m := splitItem(item); found == want && found != "" {
			return m
		}
	}
	return mention{}
}

// splitItem takes name*count! apart. A count that is not there is 1.
func splitItem(item string) (name string, m mention) {
	item, m.blank = strings.CutSuffix(item, "!")
	name, count, several := strings.Cut(item, "*")
	m.lines = 1
	if several {
		m.lines, _ = strconv.Atoi(count) // validList has looked at it
	}
	return name, m
}

// validList tells whether a list is of the format: items between commas, or nothing.
func validList(list string) bool {
	if list == "" {
		return true
	}
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimSuffix(item, "!")
		name, count, several := strings.Cut(item, "*")
		if !validName(name) || several && (count == "1" || !isCount(count, maxWitnessLines)) {
			return false
		}
	}
	return true
}

// validName tells whether a name is written in the one way that the format has for it.
func validName(name string) bool {
	for i := 0; i < len(name); i++ {
		if plainByte(name[i]) {
			continue
		}
		if name[i] != '%' || i+2 >= len(name) {
			return false
		}
		b, ok := unhex(name[i+1], name[i+2])
		if !ok || plainByte(b) || 'A' <= b && b <= 'Z' {
			return false
		}
		i += 2
	}
	return name != ""
}

// escapedName writes a header's name as a list has it: lower case, and in hexadecimal what is no plain
// byte. '!', '*' and '%' may stand in a name (RFC 9110, section 5.6.2), and mean something in a list.
func escapedName(name string) string {
	var b strings.Builder
	b.Grow(len(name))
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if plainByte(c) {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&0xf])
	}
	return b.String()
}

const hexDigits = "0123456789ABCDEF"

func plainByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_'
}

func unhex(high, low byte) (byte, bool) {
	h, l := strings.IndexByte(hexDigits, high), strings.IndexByte(hexDigits, low)
	return byte(h<<4 | l), h >= 0 && l >= 0
}
