package kong

import (
	"google.golang.org/protobuf/encoding/protowire"
)

// Member is one member of a record in Kong's access log.
type Member struct {
	name, text string
	number     float64
	kind       protowire.Number // of google.protobuf.Value's fields
}

// TextMember is a text, which must be UTF-8.
func TextMember(name, text string) Member { return Member{name: name, text: text, kind: valueString} }

// NumberMember is a number. JSON's readers know integers up to 2^53 exactly.
func NumberMember(name string, n int64) Member {
	return Member{name: name, number: float64(n), kind: valueNumber}
}

// TrueMember is a member that is true.
func TrueMember(name string) Member { return Member{name: name, kind: valueBool} }

// size is that of the member's google.protobuf.Value.
func (m Member) size() int {
	switch m.kind {
	case valueNumber:
		return 1 + protowire.SizeFixed64()
	case valueBool:
		return 1 + protowire.SizeVarint(1)
	}
	return sizeBytes(len(m.text))
}

func (m Member) append(b []byte) []byte {
	switch m.kind {
	case valueNumber:
		return appendNumber(b, m.number)
	case valueBool:
		return appendBool(b, true)
	}
	return appendText(b, valueString, m.text)
}

// entrySize is that of the member's entry in a google.protobuf.Struct.
func (m Member) entrySize() int { return sizeBytes(len(m.name)) + sizeBytes(m.size()) }

// appendRecord appends a key and an object.
func appendRecord(b []byte, key string, members []Member) []byte {
	object := 0
	for i := range members {
		object += sizeBytes(members[i].entrySize())
	}
	b = appendText(b, kvKey, key)
	b = appendLength(b, kvValue, sizeBytes(object))
	b = appendLength(b, valueStruct, object)
	for i := range members {
		m := &members[i]
		b = appendLength(b, structEntry, m.entrySize())
		b = appendText(b, entryKey, m.name)
		b = appendLength(b, entryValue, m.size())
		b = m.append(b)
	}
	return b
}
