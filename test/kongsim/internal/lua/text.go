package lua

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

const (
	textDigits = 14 // LuaJIT's tostring
	jsonDigits = 16 // Kong's CJSON_MAX_PRECISION
)

// ToString is Lua's tostring.
func ToString(v any) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'g', textDigits, 64)
	}
	return fmt.Sprintf("table: %v", v)
}

// TypeName is Lua's type.
func TypeName(v any) string {
	switch v.(type) {
	case nil:
		return "nil"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		return "number"
	}
	return "table"
}

// JSON encodes v as Kong's cjson does: 16 digits for a number, a slash
// escaped, an empty array as [] and an empty map as {}.
func JSON(v any) []byte {
	return bytes.ReplaceAll(appendJSON(nil, v), []byte("/"), []byte(`\/`))
}

func appendJSON(b []byte, v any) []byte {
	switch v := v.(type) {
	case bool:
		return strconv.AppendBool(b, v)
	case float64:
		return strconv.AppendFloat(b, v, 'g', jsonDigits, 64)
	case string:
		return appendQuoted(b, v)
	case []any:
		return appendArray(b, v)
	case map[string]any:
		return appendObject(b, v)
	}
	return append(b, "null"...)
}

func appendArray(b []byte, list []any) []byte {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSON(b, v)
	}
	return append(b, ']')
}

func appendObject(b []byte, m map[string]any) []byte {
	b = append(b, '{')
	for i, key := range sortedKeys(m) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendQuoted(b, key), ':')
		b = appendJSON(b, m[key])
	}
	return append(b, '}')
}

func appendQuoted(b []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil {
		return append(b, `""`...)
	}
	return append(b, quoted...)
}
