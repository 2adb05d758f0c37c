package chaos

import (
	"net/http"
	"testing"
	"time"
)

// judge holds what was seen to what is stated.
func (r *run) judge(t *testing.T) {
	t.Helper()
	if n := r.errors(); n > 0 {
		t.Errorf("%d requests got neither 200 nor 429", n)
	}
	r.judgeLimits(t)
	r.judgeParts(t)
	r.judgeCounts(t)
	r.judgeWaits(t)
	r.judgeSilence(t)
}

// errors is how many requests got neither 200 nor 429.
func (r *run) errors() int {
	return len(r.samples.where(func(s sample) bool {
		return s.err != nil || s.status != http.StatusOK && s.status != http.StatusTooManyRequests
	}))
}

// counted tells a request of the time in which all nodes know of each other.
func (r *run) counted(s sample) bool { return s.Sent.After(r.started) }

func (r *run) judgeLimits(t *testing.T) {
	t.Helper()
	for _, c := range r.load.clients {
		if c.tier.name == free {
			continue
		}
		own := r.samples.where(of(c.tier.name))
		if most := own.where(r.counted).most(); most > r.folds*c.tier.most() {
			t.Errorf("%s: %d in less than a second, want at most %d", c.tier.name, most, r.folds*c.tier.most())
		}
		if n := int64(len(own.where(sample.passed))); n > r.folds*c.tier.quota {
			t.Errorf("%s: %d in a day, want at most %d", c.tier.name, n, r.folds*c.tier.quota)
		}
		const enough = 2 * time.Second // for a request of each client, and a place in a second's limit
		if n := len(own.where(sample.passed, between(r.began, r.well))); n == 0 && c.tier.name == exact && r.well.Sub(r.began) > enough {
			t.Error("the traffic stood still")
		}
	}
}

// judgeParts holds each node, as long as it decides without Redis, to its part.
func (r *run) judgeParts(t *testing.T) {
	t.Helper()
	for i := range r.nodes {
		own := r.samples.where(func(s sample) bool { return s.node == i }, by("local"), r.counted)
		must := i >= len(r.nodes)-r.without
		switch n := len(own.where(between(r.began, r.well))); {
		case must && n == 0:
			t.Errorf("node %d was never without Redis: there was no trouble", i)
		case r.patient && n > 0:
			t.Errorf("node %d decided %d requests without Redis", i, n)
		}
		for _, c := range r.load.clients {
			if most := own.where(of(c.tier.name)).most(); c.tier.name != free && most > c.tier.part(len(r.nodes)) {
				t.Errorf("%s: node %d admits %d in less than a second without Redis, want at most %d",
					c.tier.name, i, most, c.tier.part(len(r.nodes)))
			}
		}
	}
}

// judgeCounts holds what the clients saw pass to what Redis has counted.
func (r *run) judgeCounts(t *testing.T) {
	t.Helper()
	var doubled int64
	for _, c := range r.load.clients {
		if c.tier.name == free {
			continue
		}
		lost, twice := r.lost(c.tier.name), r.doubled(c.tier.name)
		doubled += twice
		if most := r.mayLose(c.tier.name); lost > most {
			t.Errorf("%s: Redis lost %d counts, want at most %d", c.tier.name, lost, most)
		}
	}
	if doubled > r.unknown {
		t.Errorf("%d requests were counted twice, and %d debits are unknown", doubled, r.unknown)
	}
}

func (r *run) passed(tier string) int64 {
	return int64(len(r.samples.where(of(tier), sample.passed)))
}
func (r *run) lost(tier string) int64    { return max(0, r.passed(tier)-r.used[tier]) }
func (r *run) doubled(tier string) int64 { return max(0, r.used[tier]-r.passed(tier)) }

// mayLose is how many counts of a tier may be lost.
func (r *run) mayLose(tier string) int64 {
	own := r.samples.where(of(tier), sample.passed)
	switch r.loses {
	case everything:
		return int64(len(own.where(func(s sample) bool {
			return s.Sent.Before(r.began) || s.Sent.Before(r.ended) && s.store == "redis"
		})))
	case latest:
		return int64(len(own.where(by("redis"), between(r.began.Add(-time.Second), r.well))))
	case latestOwed:
		// The first answers again are of the old master. The sentinels are asked once a second, within redis.timeout.
		const agreed = time.Second // by most of them
		return int64(len(own.where(between(r.began.Add(-time.Second), r.well.Add(agreed+time.Second+r.timeout(r.scale))))))
	}
	return 0
}

// judgeWaits holds what requests wait to redis.timeout: all but one in a hundred closely, as the machine itself may hold
// up some, and all of them loosely. By how much it does shows the worst of those without limits, twice: one that waits
// is woken up once more.
func (r *run) judgeWaits(t *testing.T) {
	t.Helper()
	during := r.waits(r.began, r.well)
	stated := r.timeout(r.scale) + 2*during.others.quantile(1)
	for part, slack := range map[float64]time.Duration{nearly: 20 * time.Millisecond, 1: 500 * time.Millisecond} {
		if took, most := during.limited.quantile(part), stated+slack; took > most {
			t.Errorf("of %g of the requests one took %s, want at most %s", part, took, most)
		}
	}
}
