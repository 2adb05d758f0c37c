package kong

import "fmt"

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

// decodeHeaders reads a google.protobuf.Struct whose values are strings or lists of strings. Of several faults
// it tells the first: who plays Kong can send a million.
func decodeHeaders(message fields) (map[string][]string, error) {
	const usual = 16 // lines, about what a browser sends
	headers := make(map[string][]string, usual)
	lines := make([]string, 0, usual) // of all headers, one behind the other
	var broken firstError
	err := message.all(func(f field) {
		if f.number != structEntry {
			return
		}
		name, value, err := entry(f.content)
		broken.note(err)
		from := len(lines)
		lines, err = appendLines(lines, value)
		broken.note(err)
		headers[name] = lines[from:len(lines):len(lines)]
	})
	broken.note(err)
	return headers, broken.err
}

// firstError keeps the first of several errors.
type firstError struct{ err error }

func (e *firstError) note(err error) {
	if e.err == nil {
		e.err = err
	}
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
func appendLines(lines []string, value fields) ([]string, error) {
	var broken firstError
	err := value.all(func(f field) {
		switch f.number {
		case valueString:
			lines = append(lines, string(f.content))
		case valueList:
			broken.note(f.content.all(func(element field) {
				if element.number == listElement {
					var err error
					lines, err = appendElement(lines, element.content)
					broken.note(err)
				}
			}))
		}
	})
	broken.note(err)
	return lines, broken.err
}

// appendElement appends the text that an element of a list holds. A list within a list is no header's: to follow
// it would be a recursion as deep as the sender wants, and a stack that overflows ends the process, past every
// recover.
func appendElement(lines []string, value fields) ([]string, error) {
	err := value.all(func(f field) {
		if f.number == valueString {
			lines = append(lines, string(f.content))
		}
	})
	return lines, err
}
