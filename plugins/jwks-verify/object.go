package jwksverify

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep JSON from outside may nest.
const maxDepth = 16

// Why a text is not the JSON object that it should be.
var (
	errNotUTF8    = errors.New("is not UTF-8")
	errNotObject  = errors.New("is not a JSON object")
	errNotJSON    = errors.New("is not JSON")
	errTrailing   = errors.New("goes on after the JSON object")
	errDuplicate  = errors.New("has duplicate members")
	errTooDeep    = errors.New("nests too deep")
	errOutOfRange = errors.New("has a number out of range")
)

// readObject reads exactly one JSON object (RFC 8259). It is stricter than encoding/json, which takes the
// last of duplicate members, members in another case where it fills a struct, and half a surrogate pair:
// names in an object are distinct (RFC 7519, section 4) and told apart by case, text is Unicode, numbers
// are those that a float64 holds, and nesting is bounded. It costs a pass over the text, whatever stands
// in it: anyone can send one. Numbers are json.Number, as they were written.
func readObject(data []byte) (map[string]any, error) {
	if !utf8.Valid(data) {
		return nil, errNotUTF8
	}
	r := jsonReader{text: string(data)}
	r.space()
	if !r.take('{') {
		return nil, errNotObject
	}
	object, err := r.object(1)
	if err != nil {
		return nil, err
	}
	if r.space(); r.pos < len(r.text) {
		return nil, errTrailing
	}
	return object, nil
}

// jsonReader stands at pos in a text that is UTF-8. What it returns shares the text's memory.
type jsonReader struct {
	text string
	pos  int
}

func (r *jsonReader) space() {
	for r.pos < len(r.text) {
		switch r.text[r.pos] {
		case ' ', '\t', '\r', '\n':
			r.pos++
		default:
			return
		}
	}
}

// take moves past a byte if that is the next.
func (r *jsonReader) take(b byte) bool {
	if r.pos < len(r.text) && r.text[r.pos] == b {
		r.pos++
		return true
	}
	return false
}

// value reads any value, and the space around it.
func (r *jsonReader) value(depth int) (any, error) {
	r.space()
	v, err := r.bare(depth)
	r.space()
	return v, err
}

func (r *jsonReader) bare(depth int) (any, error) {
	switch {
	case r.take('"'):
		return r.string()
	case r.take('{'):
		return r.object(depth + 1)
	case r.take('['):
		return r.array(depth + 1)
	case r.word("true"):
		return true, nil
	case r.word("false"):
		return false, nil
	case r.word("null"):
		return nil, nil
	}
	return r.number()
}

func (r *jsonReader) word(w string) bool {
	if strings.HasPrefix(r.text[r.pos:], w) {
		r.pos += len(w)
		return true
	}
	return false
}

// object reads the rest of an object, past its opening brace.
func (r *jsonReader) object(depth int) (map[string]any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	members := map[string]any{}
	if r.space(); r.take('}') {
		return members, nil
	}
	for {
		name, value, err := r.member(depth)
		if err != nil {
			return nil, err
		}
		if _, double := members[name]; double {
			return nil, errDuplicate
		}
		members[name] = value
		switch {
		case r.take('}'):
			return members, nil
		case !r.take(','):
			return nil, errNotJSON
		}
	}
}

func (r *jsonReader) member(depth int) (name string, value any, err error) {
	if r.space(); !r.take('"') {
		return "", nil, errNotJSON
	}
	if name, err = r.string(); err != nil {
		return "", nil, err
	}
	if r.space(); !r.take(':') {
		return "", nil, errNotJSON
	}
	value, err = r.value(depth)
	return name, value, err
}

// array reads the rest of an array, past its opening bracket.
func (r *jsonReader) array(depth int) ([]any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	elements := []any{}
	if r.space(); r.take(']') {
		return elements, nil
	}
	for {
		element, err := r.value(depth)
		if err != nil {
			return nil, err
		}
		elements = append(elements, element)
		switch {
		case r.take(']'):
			return elements, nil
		case !r.take(','):
			return nil, errNotJSON
		}
	}
}

// string reads the rest of a string, past its opening quote.
func (r *jsonReader) string() (string, error) {
	start := r.pos
	for ; r.pos < len(r.text); r.pos++ {
		switch b := r.text[r.pos]; {
		case b == '"':
			r.pos++
			return r.text[start : r.pos-1], nil
		case b == '\\':
			return r.escaped(start)
		case b < ' ':
			return "", errNotJSON
		}
	}
	return "", errNotJSON
}

// number reads a number in JSON's grammar, which is narrower than strconv's.
func (r *jsonReader) number() (json.Number, error) {
	start := r.pos
	r.take('-')
	if !r.take('0') && r.digits() == 0 {
		return "", errNotJSON
	}
	if r.take('.') && r.digits() == 0 {
		return "", errNotJSON
	}
	if r.take('e') || r.take('E') {
		if !r.take('+') {
			r.take('-')
		}
		if r.digits() == 0 {
			return "", errNotJSON
		}
	}
	written := r.text[start:r.pos]
	if _, err := strconv.ParseFloat(written, 64); err != nil {
		return "", errOutOfRange
	}
	return json.Number(written), nil
}

func (r *jsonReader) digits() int {
	start := r.pos
	for r.pos < len(r.text) && '0' <= r.text[r.pos] && r.text[r.pos] <= '9' {
		r.pos++
	}
	return r.pos - start
}
