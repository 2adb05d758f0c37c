// Package problem writes RFC 9457 problem details, the body of every answer that a plugin gives in
// place of the upstream.
package problem

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
)

// ContentType is the media type of the body (RFC 9457, section 3).
const ContentType = "application/problem+json"

// Problem is one problem-details object.
type Problem struct {
	// Type is the problem type's URI; empty stands for about:blank, whose title is the status text.
	Type string
	// Title sums the type up; empty means the status text, and no title where the status has none.
	Title string
	// Status is the HTTP status code.
	Status int
	// Detail explains this occurrence to the client. It never holds a header's value or a secret.
	Detail string
	// RequestID is Kong's, so that a client can quote it.
	RequestID string
	// Extra holds extension members (RFC 9457, section 3.2). They yield to the members above.
	Extra map[string]any
}

// requestID is the name of the member that comes last: it is what differs between two requests, and Kong
// hashes bodies by their ends (internal/kong/encode.go).
const requestID = "request_id"

// JSON returns the body: the members that RFC 9457 defines (section 3.1) in its order, then the extensions by name.
func (p Problem) JSON() []byte {
	const usual = 384 // bytes
	body := appendText(append(make([]byte, 0, usual), `{"type":`...), or(p.Type, "about:blank"))
	if title := or(p.Title, http.StatusText(p.Status)); title != "" {
		body = appendText(append(body, `,"title":`...), title)
	}
	body = strconv.AppendInt(append(body, `,"status":`...), int64(p.Status), 10)
	if p.Detail != "" {
		body = appendText(append(body, `,"detail":`...), p.Detail)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Extra)) {
		if !slices.Contains([]string{"type", "title", "status", "detail", requestID}, name) {
			body = append(appendText(append(body, ','), name), ':')
			body = appendValue(body, p.Extra[name])
		}
	}
	if p.RequestID != "" {
		body = append(appendText(append(body, ','), requestID), ':')
		body = appendText(body, p.RequestID)
	}
	return append(body, '}')
}

func appendValue(b []byte, value any) []byte {
	texts, ok := value.([]string)
	if !ok || texts == nil {
		return append(b, marshal(value)...)
	}
	b = append(b, '[')
	for i, text := range texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, text)
	}
	return append(b, ']')
}

// appendText appends what json.Marshal makes of a text, without its cost where the text is plain: a client that is
// refused comes again and again.
func appendText(b []byte, text string) []byte {
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ', c >= 0x7f, c == '"', c == '\\', c == '<', c == '>', c == '&':
			return append(b, marshal(text)...)
		}
	}
	return append(append(append(b, '"'), text...), '"')
}

func marshal(value any) []byte {
	data, err := json.Marshal(value)
	if err != nil {
		panic("problem: extension member does not marshal: " + err.Error())
	}
	return data
}

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}
