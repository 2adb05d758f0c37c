package tieredlimit

import "time"

// report is the plugin's section of /status.
type report struct {
	Configurations []configurationReport `json:"configurations"`
	Targets        []targetReport        `json:"targets"`
}

// targetReport tells of one Redis.
type targetReport struct {
	Target string `json:"target"`
	// State is unknown (before its first answer), answers, partly (some masters of a Cluster do not) or silent;
	// Since is when that began.
	State string    `json:"state"`
	Since time.Time `json:"since"`
	// LiveNodes is how many gateways Redis has last counted; absent before its first answer.
	LiveNodes int64 `json:"live_nodes,omitempty"`
	// LocalKeys is of how many counts this gateway knows, or admits a part of, itself.
	LocalKeys int64 `json:"local_keys"`
	// Debts are what it has admitted and Redis is still to be told of.
	Debts debtsReport `json:"debts_waiting"`
	// Connections are one for each redis record that leads there.
	Connections []connectionReport `json:"connections"`
}

type debtsReport struct {
	Keys     int64 `json:"keys"`
	Requests int64 `json:"requests"`
}

type connectionReport struct {
	State           string    `json:"state"`
	Since           time.Time `json:"since"`
	Breaker         position  `json:"breaker"`
	TimeoutMillis   int64     `json:"timeout_ms"`
	UnknownDebits   int64     `json:"unknown_debits"`
	DenialsInMemory int64     `json:"denials_in_memory"`
	// LastError is why it is partly or silent; absent in the other states.
	LastError string `json:"last_error,omitempty"`
}

// The states of a Redis.
const (
	stateUnknown = "unknown"
	stateAnswers = "answers"
	statePartly  = "partly"
	stateSilent  = "silent"
)

// report tells of all configurations and sites.
func (b builder) report() any {
	r := report{Configurations: b.configs.report(), Targets: []targetReport{}}
	b.sites.each(func(one *site, connections []*connection) {
		keys, requests := one.local.owed()
		t := targetReport{
			Target: one.name, LiveNodes: one.local.peers.seen.Load(), LocalKeys: one.local.size.Load(),
			Debts: debtsReport{Keys: keys, Requests: requests},
		}
		for _, c := range connections {
			t.add(c.report())
		}
		r.Targets = append(r.Targets, t)
	})
	return r
}

// add adds a connection; the worst state of them is the target's.
func (t *targetReport) add(c connectionReport) {
	if rank(c.State) > rank(t.State) { // that of no connection yet is below all
		t.State, t.Since = c.State, c.Since
	}
	t.Connections = append(t.Connections, c)
}

func (c *connection) report() connectionReport {
	state, since, cause := c.guard.state()
	r := connectionReport{
		State: state, Since: since.UTC(), Breaker: c.guard.position(),
		TimeoutMillis: c.guard.timeout.Milliseconds(), UnknownDebits: c.guard.unknown.Load(),
		DenialsInMemory: c.denials.size.Load(),
	}
	if cause != nil {
		r.LastError = cause.Error()
	}
	return r
}
