package fleet

import "testing"

// counted is a quota that never ends: under it Redis counts what a bucket admits.
const counted = 1_000_000_000

// limitCase is one or several configurations of the same tier, each on some of the servers.
type limitCase struct {
	name      string
	of        []limits
	consumers int
}

func limitCases() []limitCase {
	return []limitCase{
		{"an exact rate", []limits{{TPS: 25}}, 4},
		{"a rate of one", []limits{{TPS: 1}}, 2},
		{"a higher rate", []limits{{TPS: 120}}, 1},
		{"an exact rate and a day", []limits{{TPS: 40, Quota: 70}}, 2},
		{"a day alone", []limits{{Quota: 300}}, 2},
		{"a bucket", []limits{{TPS: 20, Burst: 50, Quota: counted}}, 2},
		{"a bucket smaller than its rate", []limits{{TPS: 50, Burst: 5, Quota: counted}}, 2},
		{"a bucket and a day", []limits{{TPS: 30, Burst: 40, Quota: 60}}, 2},
		{"rollout of another rate", []limits{{TPS: 15}, {TPS: 35}}, 2},
		{"rollout of another rate and quota", []limits{{TPS: 30, Quota: 50}, {TPS: 45, Quota: 80}}, 2},
		{"rollout of another burst", []limits{{TPS: 20, Burst: 10, Quota: counted}, {TPS: 20, Burst: 40, Quota: counted}}, 2},
		{"rollout of another rate and burst", []limits{{TPS: 10, Burst: 40, Quota: counted}, {TPS: 30, Burst: 15, Quota: counted}}, 2},
		{"rollout of a bucket", []limits{{TPS: 20, Quota: counted}, {TPS: 20, Burst: 60, Quota: counted}}, 2},
		{"rollout of an exact rate", []limits{{TPS: 20, Burst: 60, Quota: counted}, {TPS: 20, Quota: counted}}, 2},
		{"rollout of a bucket with another rate", []limits{{TPS: 45, Quota: counted}, {TPS: 15, Burst: 30, Quota: counted}}, 2},
	}
}

// Servers whose clocks differ admit together what the limits say: no rolling second above an exact rate, no
// interval above a bucket, the day's quota to the last request. Where servers have several configurations,
// as during a rollout, the loosest one bounds them all. What the clients see is what Redis has admitted.
func TestServersAdmitTogetherWhatTheLimitsSay(t *testing.T) {
	f := startFleet(t, skewed()...)
	loads := map[string]*load{}
	for _, c := range limitCases() { // all at once
		loads[c.name] = startCase(t, f, c)
	}
	for _, c := range limitCases() {
		t.Run(c.name, func(t *testing.T) {
			l := loads[c.name]
			l.finish(t)
			accounts, _ := f.read(t, l.consumers...)
			for _, consumer := range l.consumers {
				judge(t, consumer, accounts[consumer], loosest(c.of), admitted(consumer, l))
			}
		})
	}
}

func startCase(t *testing.T, f *fleet, c limitCase) *load {
	t.Helper()
	configs := make([]string, len(c.of))
	for i, of := range c.of {
		configs[i] = f.config(t, of)
	}
	most := loosest(c.of)
	l := newLoad(t, consumers(c.name, c.consumers), reached(most))
	if newest := configs[len(configs)-1]; len(configs) > 1 {
		// What it has left is nothing when the others come, and so is what they may add. A busy machine may
		// be too slow for that.
		l.on(f.nodes[:1], newest).wait(t, func(seen *tally) bool {
			return seen.denied.Load() > 0 || seen.admitted.Load() > most.Burst+most.TPS
		})
	}
	return l.on(f.nodes, configs...)
}

// reached is enough where the limits have held for more than a second, or the day is exhausted.
func reached(l limits) func(*tally) bool {
	goal := max(l.Burst, l.TPS) + l.TPS*3/2 + 1
	if l.TPS == 0 || l.Quota > 0 && l.Quota < goal {
		goal = l.Quota
	}
	return func(seen *tally) bool { return seen.admitted.Load() >= goal && seen.denied.Load() >= workersPerNode }
}
