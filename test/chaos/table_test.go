package chaos

import (
	"fmt"
	"strings"
	"time"
)

// row is what a case has shown.
type row struct {
	name                   string
	lasted, recovered      time.Duration
	before, during         waits
	most                   [3]string // in a second, of how many stated: exact, bucket; in the day
	local, lost, twice     int64
	unknown, mayLose, sent int64
	errors                 int
}

// waits are what requests with limits took, and what those without took meanwhile: that is the machine's share.
type waits struct{ limited, others samples }

func (r *run) waits(from, to time.Time) waits {
	all := r.samples.where(between(from, to))
	return waits{all.where(sample.limited), all.where(of(free))}
}

// nearly is the part of p99.
const nearly = 0.99

// added is what limits add to the time of requests, of which a part takes at most that.
func (w waits) added(part float64) time.Duration {
	return max(0, w.limited.quantile(part)-w.others.quantile(part))
}

// row sums the case up.
func (r *run) row() row {
	waits := r.waits(r.began, r.well)
	during := waits.limited
	own := row{
		name: r.name, lasted: r.ended.Sub(r.began), recovered: r.well.Sub(r.ended),
		before: r.waits(r.started, r.began), during: waits,
		local: int64(len(during.where(by("local")))), unknown: r.unknown, sent: int64(len(during)), errors: r.errors(),
	}
	for _, c := range r.load.clients {
		seen, stated := r.samples.where(of(c.tier.name), r.counted).most(), r.folds*c.tier.most()
		if c.tier.name == day {
			seen, stated = r.passed(day), r.folds*c.tier.quota
		}
		if at := map[string]int{exact: 0, bucket: 1, day: 2}; c.tier.name != free {
			own.most[at[c.tier.name]] = fmt.Sprintf("%d of %d", seen, stated)
			own.lost += r.lost(c.tier.name)
			own.mayLose += r.mayLose(c.tier.name)
			own.twice += r.doubled(c.tier.name)
		}
	}
	return own
}

// millis writes a time as the table has it.
func millis(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond)) }

// String is a line of the table.
func (r row) String() string {
	cells := []string{
		r.name, fmt.Sprintf("%.1f", r.lasted.Seconds()),
		millis(r.before.added(nearly)) + " → " + millis(r.during.added(nearly)),
		millis(r.during.others.quantile(1)) + ", " + millis(r.during.limited.quantile(1)),
		r.most[0], r.most[1], r.most[2], fmt.Sprintf("%.1f", r.recovered.Seconds()),
		fmt.Sprintf("%d of %d", r.local, r.sent), fmt.Sprintf("%d of %d", r.lost, r.mayLose), fmt.Sprintf("%d of %d", r.twice, r.unknown),
		fmt.Sprint(r.errors),
	}
	return "| " + strings.Join(cells, " | ") + " |"
}

// table is that of the README.
func table(rows []row) string {
	lines := []string{
		"| trouble | lasted, s | p99 added, ms: before → during | worst, ms: without limits, with | most in a second, of stated: rate | bucket | in the day, of stated " +
			"| Redis asked again after, s | decided without it | counts lost, of explained | counted twice, of unknown | errors |",
		strings.Repeat("|---", 12) + "|",
	}
	for _, r := range rows {
		lines = append(lines, r.String())
	}
	return strings.Join(lines, "\n")
}
