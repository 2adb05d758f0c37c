package kong

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// What plugins tell Kong with every request is encoded here, field by field: building structpb's trees of
// pointers and walking them by reflection was a quarter of the server's CPU for a denied request.
//
// Kong turns each frame, and each string in it, into a Lua string, and LuaJIT's hash of a string looks at
// no more than its first and last four bytes and eight in the middle (lj_str_new). Frames of one length
// that differ elsewhere only, such as by a count, all land in one chain, which is walked for each new one:
// measured as 80 µs of Kong's CPU a request. So what changes from request to request goes last: callers put
// the header that counts behind the others, and exits have their body, not their headers, at the end.

// Field numbers of google/protobuf/struct.proto.
const (
	structEntry protowire.Number = 1
	entryKey    protowire.Number = 1
	entryValue  protowire.Number = 2
	valueNull   protowire.Number = 1
	valueNumber protowire.Number = 2
	valueString protowire.Number = 3
	valueBool   protowire.Number = 4
	valueStruct protowire.Number = 5
	valueList   protowire.Number = 6
	listElement protowire.Number = 1
)

// Field numbers of kong/include/kong/pluginsocket.proto.
const (
	intNumber   protowire.Number = 1
	stringText  protowire.Number = 1
	kvKey       protowire.Number = 1
	kvValue     protowire.Number = 2
	exitStatus  protowire.Number = 1
	exitBody    protowire.Number = 2
	exitHeaders protowire.Number = 3
)

// appendHeaders appends a google.protobuf.Struct of strings: Kong takes a single value as a string or as a
// list, and a list costs both sides more. Of a name that stands twice, the last value counts.
func appendHeaders(b []byte, headers []Header) []byte {
	for _, h := range headers {
		text := sizeBytes(len(h.Value))
		value := sizeBytes(text)
		b = appendLength(b, structEntry, sizeBytes(len(h.Name))+value)
		b = appendText(b, entryKey, h.Name)
		b = appendLength(b, entryValue, text)
		b = appendText(b, valueString, h.Value)
	}
	return b
}

// sizeBytes is the size of a field of n bytes whose number is below 16.
func sizeBytes(n int) int { return 1 + protowire.SizeBytes(n) }

// appendLength begins a field that holds so many bytes.
func appendLength(b []byte, field protowire.Number, size int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.BytesType), uint64(size))
}

func appendText(b []byte, field protowire.Number, text string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), text)
}

func appendInt(b []byte, field protowire.Number, n int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), uint64(n))
}

// appendExit appends the arguments of kong.response.exit.
func appendExit(b []byte, status int, body []byte, headers []Header) []byte {
	b = appendInt(b, exitStatus, status)
	b, _ = appendNested(b, exitHeaders, func(b []byte) ([]byte, error) { return appendHeaders(b, headers), nil })
	return protowire.AppendBytes(protowire.AppendTag(b, exitBody, protowire.BytesType), body)
}

var errNotUTF8 = errors.New("a text is not UTF-8")

// appendKV appends a key and a value of JSON's types.
func appendKV(b []byte, key string, value any) ([]byte, error) {
	return appendNested(appendText(b, kvKey, key), kvValue, func(b []byte) ([]byte, error) { return appendValue(b, value) })
}

// appendValue appends a google.protobuf.Value.
func appendValue(b []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return protowire.AppendVarint(protowire.AppendTag(b, valueNull, protowire.VarintType), 0), nil
	case bool:
		return appendBool(b, v), nil
	case string:
		if !utf8.ValidString(v) { // a log plugin could not put it into JSON
			return b, errNotUTF8
		}
		return appendText(b, valueString, v), nil
	case int:
		return appendNumber(b, float64(v)), nil
	case int64:
		return appendNumber(b, float64(v)), nil
	case float64:
		return appendNumber(b, v), nil
	case json.Number:
		n, err := v.Float64()
		return appendNumber(b, n), err
	case []any:
		return appendNested(b, valueList, func(b []byte) ([]byte, error) { return appendList(b, v) })
	case map[string]any:
		return appendNested(b, valueStruct, func(b []byte) ([]byte, error) { return appendStruct(b, v) })
	}
	return b, fmt.Errorf("%T has no form in the plugin protocol", value)
}

func appendBool(b []byte, v bool) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, valueBool, protowire.VarintType), protowire.EncodeBool(v))
}

func appendNumber(b []byte, n float64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(b, valueNumber, protowire.Fixed64Type), math.Float64bits(n))
}

func appendList(b []byte, list []any) ([]byte, error) {
	var err error
	for _, element := range list {
		b, err = appendNested(b, listElement, func(b []byte) ([]byte, error) { return appendValue(b, element) })
		if err != nil {
			return b, err
		}
	}
	return b, nil
}

func appendStruct(b []byte, fields map[string]any) ([]byte, error) {
	var err error
	for name, value := range fields {
		b, err = appendNested(b, structEntry, func(b []byte) ([]byte, error) {
			return appendNested(appendText(b, entryKey, name), entryValue, func(b []byte) ([]byte, error) { return appendValue(b, value) })
		})
		if err != nil {
			return b, err
		}
	}
	return b, nil
}

// appendNested appends a field that holds what fill appends. Most are shorter than 128 bytes, whose length
// takes one byte.
func appendNested(b []byte, field protowire.Number, fill func([]byte) ([]byte, error)) ([]byte, error) {
	b = append(protowire.AppendTag(b, field, protowire.BytesType), 0)
	from := len(b)
	b, err := fill(b)
	if err != nil {
		return b, err
	}
	var length [10]byte
	size := protowire.AppendVarint(length[:0], uint64(len(b)-from))
	b[from-1] = size[0]
	return slices.Insert(b, from, size[1:]...), nil
}
