// Package problem writes RFC 9457 problem details, the body of every answer that a plugin gives in
// place of the upstream.
package problem

import (
	"encoding/json"
	"maps"
	"net/http"
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

// JSON returns the body.
func (p Problem) JSON() []byte {
	members := make(map[string]any, len(p.Extra)+5)
	maps.Copy(members, p.Extra)
	members["type"] = or(p.Type, "about:blank")
	if title := or(p.Title, http.StatusText(p.Status)); title != "" {
		members["title"] = title
	}
	members["status"] = p.Status
	if p.Detail != "" {
		members["detail"] = p.Detail
	}
	if p.RequestID != "" {
		members["request_id"] = p.RequestID
	}
	body, err := json.Marshal(members)
	if err != nil {
		panic("problem: extension member does not marshal: " + err.Error())
	}
	return body
}

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}
