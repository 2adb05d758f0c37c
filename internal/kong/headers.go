package kong

import (
	"errors"
	"fmt"
)

// Headers returns the request's headers, all values of each, by lower-case name, each name in the
// spelling that came (X_Api_Key is not x-api-key here). Unlike go-pdk's GetHeaders it does not fail
// where a value is no UTF-8: HTTP allows such bytes (RFC 9110, section 5.5), protobuf's strings do
// not. Of more than MaxHeaders header lines it sees the first MaxHeaders. The texts
// share memory: clone what outlives the request.
func (r *Request) Headers() (map[string][]string, error) {
	r.args = appendInt(r.args[:0], intNumber, MaxHeaders)
	reply, err := r.question("kong.request.get_headers", r.args)
	if err != nil {
		return nil, fmt.Errorf("asking for the request's headers: %w", err)
	}
	headers, err := decodeHeaders(fields(reply))
	if err != nil {
		return nil, fmt.Errorf("reading the request's headers: %w", err)
	}
	return headers, nil
}

// decodeHeaders reads a google.protobuf.Struct whose values are strings or lists of strings.
func decodeHeaders(message fields) (map[string][]string, error) {
	const usual = 16 // lines, about what a browser sends
	headers := make(map[string][]string, usual)
	lines := make([]string, 0, usual) // of all headers, one behind the other
	var broken error
	err := message.all(func(f field) {
		if f.number != structEntry {
			return
		}
		name, value, err := entry(f.content)
		from := len(lines)
		lines, err = appendLines(lines, value, err)
		broken = errors.Join(broken, err)
		headers[name] = lines[from:len(lines):len(lines)]
	})
	return headers, errors.Join(err, broken)
}

// entry reads one entry of a Struct.
func entry(message fields) (name string, value fields, err error) {
	err = message.all(func(f field) {
		switch f.number {
		case entryKey:
			name = string(f.content)
		case entryValue:
			value = f.content
		}
	})
	return name, value, err
}

// appendLines appends the text, or the texts of the list, that a google.protobuf.Value holds.
func appendLines(lines []string, value fields, broken error) ([]string, error) {
	err := value.all(func(f field) {
		switch f.number {
		case valueString:
			lines = append(lines, string(f.content))
		case valueList:
			broken = errors.Join(broken, f.content.all(func(element field) {
				if element.number == listElement {
					var err error
					lines, err = appendLines(lines, element.content, nil)
					broken = errors.Join(broken, err)
				}
			}))
		}
	})
	return lines, errors.Join(broken, err)
}
