package headerguard

import (
	"encoding/json"
	"fmt"
	"strings"
)

// report is the line that an operator reads in Kong's log. README.md explains how.
type report struct {
	Plugin    string   `json:"plugin"`
	Decision  decision `json:"decision"`
	Status    int      `json:"status"`
	RequestID string   `json:"request_id"`
	// Peer is the TCP peer: the load balancer, or whoever came around it.
	Peer string `json:"peer,omitempty"`
	// TrustedPeer is absent where no peers are trusted.
	TrustedPeer *bool        `json:"trusted_peer,omitempty"`
	Witness     witnessState `json:"witness,omitempty"`
	// Instance, Route and Service are what Kong calls them, the latter two by id.
	Instance   string      `json:"instance,omitempty"`
	Route      string      `json:"route,omitempty"`
	Service    string      `json:"service,omitempty"`
	Method     string      `json:"method,omitempty"`
	Path       string      `json:"path,omitempty"`
	Violations []violation `json:"violations"`
}

// violation is one fault as it is told. It holds no value.
type violation struct {
	Rule string `json:"rule"`
	// Header is in lower case, empty where none is at fault.
	Header string `json:"header,omitempty"`
	Reason Reason `json:"reason"`
	Place  Place  `json:"place"`
	Mode   string `json:"mode"`
	// ValueLength is in bytes, absent where no line of the header came.
	ValueLength *int   `json:"value_length,omitempty"`
	Fingerprint string `json:"fingerprint,omitempty"`
}

func violations(faults []fault, prints fingerprints) []violation {
	out := make([]violation, len(faults))
	for i := range faults {
		f := &faults[i]
		out[i] = violation{Rule: f.check.name, Header: f.header, Reason: f.reason, Place: f.place, Mode: f.check.mode}
		if f.came {
			length := len(f.value)
			out[i].ValueLength, out[i].Fingerprint = &length, prints.of(f.value)
		}
	}
	return out
}

func (r report) line() string {
	data, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("headerguard: report does not marshal: %v", err))
	}
	return string(data)
}

// logMember is what Kong's log plugins get, in the types that the PDK can carry. What else the line in Kong's
// log tells, their record of the request has.
func logMember(v verdict) map[string]any {
	told := map[string]any{"decision": string(v.decision), "status": v.status}
	if len(v.faults) == 0 { // an empty list comes out as {}
		return told
	}
	list := make([]any, len(v.faults))
	for i := range v.faults {
		f := &v.faults[i]
		member := map[string]any{"rule": f.check.name, "reason": string(f.reason), "place": string(f.place), "mode": f.check.mode}
		if f.header != "" {
			member["header"] = f.header
		}
		list[i] = member
	}
	told["violations"] = list
	return told
}

// loggedPath is fit for a log and a terminal: printable ASCII, as a URL would have it, and bounded.
func loggedPath(path string) string {
	const longest = 200
	var b strings.Builder
	for i := range len(path) {
		if b.Len() >= longest {
			b.WriteString("...")
			break
		}
		if c := path[i]; c > ' ' && c < 0x7f && c != '"' && c != '\\' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// auditValue is what audit_header tells the upstream: a list of tokens with parameters (RFC 8941, section 3.1).
func auditValue(faults []fault) string {
	items := make([]string, len(faults))
	for i := range faults {
		f := &faults[i]
		items[i] = fmt.Sprintf("%s;rule=%q;place=%s", f.reason, f.check.name, f.place)
		if f.header != "" {
			items[i] += fmt.Sprintf(";header=%q", f.header)
		}
	}
	return strings.Join(items, ", ")
}
