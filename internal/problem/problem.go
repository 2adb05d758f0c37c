// Package problem writes RFC 9457 problem details, the body of every answer that a plugin gives in
// place of the upstream.
package problem

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
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

// standard are the members that RFC 9457 defines (section 3.1), in its order.
type standard struct {
	Type   string `json:"type"`
	Title  string `json:"title,omitempty"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}

// requestID is the name of the member that comes last: it is what differs between two requests, and Kong
// hashes bodies by their ends (internal/kong/encode.go).
const requestID = "request_id"

// JSON returns the body.
func (p Problem) JSON() []byte {
	body := marshal(standard{
		Type: or(p.Type, "about:blank"), Title: or(p.Title, http.StatusText(p.Status)), Status: p.Status, Detail: p.Detail,
	})
	for _, name := range slices.Sorted(maps.Keys(p.Extra)) {
		if !slices.Contains([]string{"type", "title", "status", "detail", requestID}, name) {
			body = appendMember(body, name, p.Extra[name])
		}
	}
	if p.RequestID != "" {
		body = appendMember(body, requestID, p.RequestID)
	}
	return body
}

// appendMember adds a member to a JSON object that holds some.
func appendMember(object []byte, name string, value any) []byte {
	object = append(object[:len(object)-1], ',')
	object = append(object, marshal(name)...)
	object = append(object, ':')
	object = append(object, marshal(value)...)
	return append(object, '}')
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
