package tour

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// problem is a body of problem details (RFC 9457) with the members that Tollgate adds.
type problem struct {
	Title, Detail    string
	Violations       []violation
	ViolatedPolicies []string `json:"violated-policies"`
}

// violation is a header at fault.
type violation struct{ Header, Reason string }

// problem reads the body; zero where it is none.
func (r reply) problem() (p problem) {
	if json.Unmarshal(r.body, &p) != nil {
		return problem{}
	}
	return p
}

// text is what a problem's body says, in one line; empty for any other body.
func (r reply) text() string {
	p := r.problem()
	parts := p.ViolatedPolicies
	for _, v := range p.Violations {
		parts = append(parts, v.Header+" is "+v.Reason)
	}
	if len(parts) == 0 {
		return cmp.Or(p.Detail, p.Title)
	}
	return cmp.Or(p.Title, p.Detail) + ": " + strings.Join(parts, ", ")
}

// blames tells whether the problem is that header, for that reason.
func (r reply) blames(header, reason string) bool {
	return slices.Contains(r.problem().Violations, violation{header, reason})
}
