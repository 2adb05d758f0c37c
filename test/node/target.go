package node

import (
	"encoding/json"
	"net/http"
	"testing"

	"tollgate/test/eventually"
)

// Target is what /status of a node tells of the Redis of tiered-limit.
type Target struct {
	State     string `json:"state"`
	LiveNodes int    `json:"live_nodes"`
	Debts     struct {
		Requests int64 `json:"requests"`
	} `json:"debts_waiting"`
	Connections []struct {
		UnknownDebits int64 `json:"unknown_debits"`
	} `json:"connections"`
}

// get asks the listener for operators. One that a busy machine keeps waiting hangs up, and is asked again.
func (n *Node) get(tb testing.TB, path string) (answer *http.Response) {
	tb.Helper()
	eventually.Holds(tb, Patience, "an answer to "+path, func() bool {
		found, err := http.Get("http://" + n.status + path)
		answer = found
		return err == nil
	})
	return answer
}

// Seen is what the node tells of its only Redis; the zero value before it has one.
func (n *Node) Seen(tb testing.TB) (found Target) {
	tb.Helper()
	answer := n.get(tb, "/status")
	defer func() { _ = answer.Body.Close() }()
	var body struct {
		Plugins map[string]struct {
			Targets []Target `json:"targets"`
		} `json:"plugins"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
		tb.Fatal(err)
	}
	for _, one := range body.Plugins["tiered-limit"].Targets {
		found = one
	}
	return found
}

// Settled tells whether the node has told Redis of all that it has admitted without it.
func (n *Node) Settled(tb testing.TB) bool {
	tb.Helper()
	now := n.Seen(tb)
	return now.State == "answers" && now.Debts.Requests == 0
}

// Unknown is how many requests of the nodes may have been debited without an answer.
func Unknown(tb testing.TB, nodes ...*Node) (requests int64) {
	tb.Helper()
	for _, n := range nodes {
		for _, c := range n.Seen(tb).Connections {
			requests += c.UnknownDebits
		}
	}
	return requests
}
