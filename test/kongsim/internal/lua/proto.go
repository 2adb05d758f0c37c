package lua

import (
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/structpb"
)

// Field numbers of google.protobuf.Value, Struct, ListValue and of a map entry.
const (
	valueNull   = 1
	valueNumber = 2
	valueString = 3
	valueBool   = 4
	valueStruct = 5
	valueList   = 6

	structFields = 1
	listValues   = 1
	entryKey     = 1
	entryValue   = 2
)

// nullName is what lua-protobuf makes of NullValue's only member: enums are
// decoded to their names.
const nullName = "NULL_VALUE"

// FromValue is what Kong's Lua sees where a plugin sent v.
func FromValue(v *structpb.Value) any {
	switch kind := v.GetKind().(type) {
	case *structpb.Value_ListValue:
		return FromList(kind.ListValue)
	case *structpb.Value_StructValue:
		return FromStruct(kind.StructValue)
	case *structpb.Value_BoolValue:
		if kind.BoolValue {
			return true
		}
		return nil // `v.bool_value or …` cannot keep a false
	case *structpb.Value_StringValue:
		return kind.StringValue
	case *structpb.Value_NumberValue:
		return kind.NumberValue
	case *structpb.Value_NullValue:
		return nullName
	}
	return nil
}

// FromList ends at the first nil, as Lua's ipairs does.
func FromList(list *structpb.ListValue) []any {
	out := make([]any, 0, len(list.GetValues()))
	for _, v := range list.GetValues() {
		value := FromValue(v)
		if value == nil {
			break
		}
		out = append(out, value)
	}
	return out
}

// FromStruct leaves out members that are nil. A message that is absent gives
// a nil map.
func FromStruct(s *structpb.Struct) map[string]any {
	if s == nil {
		return nil
	}
	out := make(map[string]any, len(s.GetFields()))
	for key, v := range s.GetFields() {
		if value := FromValue(v); value != nil {
			out[key] = value
		}
	}
	return out
}

// AppendValue appends v as a google.protobuf.Value. It writes the wire format
// itself because lua-protobuf, unlike Go's, sends strings that are not UTF-8.
func AppendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case bool:
		b = protowire.AppendTag(b, valueBool, protowire.VarintType)
		return protowire.AppendVarint(b, protowire.EncodeBool(v))
	case float64:
		b = protowire.AppendTag(b, valueNumber, protowire.Fixed64Type)
		return protowire.AppendFixed64(b, math.Float64bits(v))
	case string:
		b = protowire.AppendTag(b, valueString, protowire.BytesType)
		return protowire.AppendString(b, v)
	case []any:
		if len(v) > 0 {
			return appendMessage(b, valueList, appendList(nil, v))
		}
		return appendMessage(b, valueStruct, nil)
	case map[string]any:
		return appendMessage(b, valueStruct, AppendStruct(nil, v))
	}
	// Kong sets null_value = 1, a number the enum does not name.
	b = protowire.AppendTag(b, valueNull, protowire.VarintType)
	return protowire.AppendVarint(b, 1)
}

// AppendStruct appends m as a google.protobuf.Struct, members sorted.
func AppendStruct(b []byte, m map[string]any) []byte {
	for _, key := range sortedKeys(m) {
		entry := protowire.AppendTag(nil, entryKey, protowire.BytesType)
		entry = protowire.AppendString(entry, key)
		entry = appendMessage(entry, entryValue, AppendValue(nil, m[key]))
		b = appendMessage(b, structFields, entry)
	}
	return b
}

func appendList(b []byte, list []any) []byte {
	for _, v := range list {
		b = appendMessage(b, listValues, AppendValue(nil, v))
	}
	return b
}

func appendMessage(b []byte, field protowire.Number, message []byte) []byte {
	b = protowire.AppendTag(b, field, protowire.BytesType)
	return protowire.AppendBytes(b, message)
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
