package kong

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

// fields are the encoded fields of a protobuf message. Texts found in it share its memory: a reply costs
// one allocation for all of its texts, not one for each.
type fields string

// field is one of them: its number, and its content where it is a text or a message. Any other has the number 0,
// which no message uses.
type field struct {
	number  protowire.Number
	content fields
}

var (
	errCut      = errors.New("the message ends within a field")
	errWireType = errors.New("the message holds a field of an unknown type")
)

// next cuts the first field off, of which there must be one.
func (m *fields) next() (field, error) {
	tag, ok := m.varint()
	if !ok {
		return field{}, errCut
	}
	size := uint64(0)
	switch protowire.Type(tag & 7) {
	case protowire.VarintType:
		if _, ok = m.varint(); !ok {
			return field{}, errCut
		}
		return field{}, nil
	case protowire.Fixed64Type:
		size = 8
	case protowire.Fixed32Type:
		size = 4
	case protowire.BytesType:
		if size, ok = m.varint(); !ok {
			return field{}, errCut
		}
	default:
		return field{}, errWireType
	}
	if size > uint64(len(*m)) {
		return field{}, errCut
	}
	content := (*m)[:size]
	*m = (*m)[size:]
	if protowire.Type(tag&7) != protowire.BytesType {
		return field{}, nil
	}
	return field{protowire.Number(tag >> 3), content}, nil
}

// varint cuts one off.
func (m *fields) varint() (value uint64, ok bool) {
	for i := range min(len(*m), 10) {
		b := (*m)[i]
		value |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			*m = (*m)[i+1:]
			return value, true
		}
	}
	return 0, false
}
