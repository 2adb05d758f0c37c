package headerguard

import (
	"encoding/json"
	"fmt"
)

// report is the line that an operator reads in Kong's log.
type report struct {
	Plugin     string      `json:"plugin"`
	Decision   decision    `json:"decision"`
	Mode       string      `json:"mode"`
	Status     int         `json:"status"`
	Violations []Violation `json:"violations"`
	RequestID  string      `json:"request_id"`
	// Peer is the TCP peer: the load balancer, or whoever came around it.
	Peer string `json:"peer,omitempty"`
}

func (r report) line() string {
	data, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("headerguard: report does not marshal: %v", err))
	}
	return string(data)
}

// logMember is what Kong's log plugins get, in the types that the PDK can carry.
func (r report) logMember() map[string]any {
	violations := make([]any, len(r.Violations))
	for i, v := range r.Violations {
		violations[i] = map[string]any{"rule": v.Rule, "header": v.Header, "reason": string(v.Reason)}
	}
	return map[string]any{"decision": string(r.Decision), "status": r.Status, "violations": violations}
}
