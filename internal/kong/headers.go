package kong

import (
	"fmt"

	"tollgate/internal/httpheader"
)

// Headers returns the request's headers, all lines of each, each name in the spelling that came (X_Api_Key
// is not x-api-key here). Unlike go-pdk's GetHeaders it does not fail where a value is no UTF-8: HTTP
// allows such bytes (RFC 9110, section 5.5), protobuf's strings do not. Of more than MaxHeaders header
// lines it sees the first MaxHeaders. The list is valid until the next call of Headers or the event's end,
// and its texts share memory: clone what outlives the event.
func (r *Request) Headers() (httpheader.List, error) {
	r.args = appendInt(r.args[:0], intNumber, MaxHeaders)
	reply, err := r.question("kong.request.get_headers", r.args)
	if err != nil {
		return nil, fmt.Errorf("asking for the request's headers: %w", err)
	}
	r.Forget()
	if err := r.heads.decode(fields(reply)); err != nil {
		return nil, fmt.Errorf("reading the request's headers: %w", err)
	}
	return r.heads.list, nil
}

// Forget gives up what the request's headers take, but for the room of a usual list: the event has ended.
func (r *Request) Forget() { r.heads.reset() }

// headers is the memory that lists of one connection's requests are decoded into, one after the other. Beyond the
// list it holds nothing: a text keeps the whole reply that it came with.
type headers struct {
	list  httpheader.List
	lines []string // of all headers, one behind the other
}

// reset makes room for the next list. What one large request has taken is given up.
func (h *headers) reset() {
	const most = 128 // more than browsers send: up to 8 KB for each connection
	if len(h.list) > most || len(h.lines) > most {
		*h = headers{}
		return
	}
	clear(h.list)
	clear(h.lines)
	h.list, h.lines = h.list[:0], h.lines[:0]
}

// decode reads a google.protobuf.Struct whose values are strings or lists of strings.
func (h *headers) decode(message fields) error {
	if h.list == nil {
		const usual = 32
		h.list, h.lines = make(httpheader.List, 0, usual), make([]string, 0, usual)
	}
	for len(message) > 0 {
		f, err := message.next()
		if err != nil {
			return err
		}
		if f.number != structEntry {
			continue
		}
		if err := h.entry(f.content); err != nil {
			return err
		}
	}
	return nil
}

// entry reads one entry of a Struct.
func (h *headers) entry(message fields) error {
	var name string
	var value fields
	for len(message) > 0 {
		f, err := message.next()
		if err != nil {
			return err
		}
		switch f.number {
		case entryKey:
			name = string(f.content)
		case entryValue:
			value = f.content
		}
	}
	from := len(h.lines)
	if err := h.value(value); err != nil {
		return err
	}
	h.list = append(h.list, httpheader.Field{Name: name, Lines: h.lines[from:len(h.lines):len(h.lines)]})
	return nil
}

// value appends the text, or the texts of the list, that a google.protobuf.Value holds.
func (h *headers) value(message fields) error {
	for len(message) > 0 {
		f, err := message.next()
		switch {
		case err != nil:
			return err
		case f.number == valueString:
			h.lines = append(h.lines, string(f.content))
		case f.number == valueList:
			if err := h.elements(f.content); err != nil {
				return err
			}
		}
	}
	return nil
}

// elements appends the texts of a list. A list within a list is no header's: to follow it would be a recursion as
// deep as the sender wants, and a stack that overflows ends the process, past every recover.
func (h *headers) elements(message fields) error {
	for len(message) > 0 {
		f, err := message.next()
		if err != nil {
			return err
		}
		if f.number != listElement {
			continue
		}
		for element := f.content; len(element) > 0; {
			text, err := element.next()
			if err != nil {
				return err
			}
			if text.number == valueString {
				h.lines = append(h.lines, string(text.content))
			}
		}
	}
	return nil
}
