package quota

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// nothing stands where a tier has no such limit.
const nothing = "-"

// table prints for people.
func (r reported) table(w io.Writer) error {
	var out bytes.Buffer
	_, _ = fmt.Fprintln(&out, r.Consumer.headline())
	const space = 2
	rows := tabwriter.NewWriter(&out, 0, 0, space, ' ', 0)
	_, _ = fmt.Fprintln(rows, "INSTANCE\tSCOPE\tTIER\tQUOTA\tUSED\tGRANTED\tREMAINING\tDAY ENDS\tRATE NOW\tREDIS")
	for _, l := range r.Counts {
		cells := []string{l.Instance, l.Scope, l.Tier}
		cells = append(cells, l.dayCells()...)
		_, _ = fmt.Fprintln(rows, strings.Join(append(cells, l.Rate.cell(), l.Redis), "\t"))
	}
	_ = rows.Flush() // into memory
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

func (w reportedWho) headline() string {
	if w.Username == "" {
		return w.Kind + " " + w.ID
	}
	return fmt.Sprintf("%s %s (%s)", w.Kind, w.Username, w.ID)
}

func (l reportedLine) dayCells() []string {
	d := l.Day
	if d == nil {
		return []string{nothing, nothing, nothing, nothing, nothing}
	}
	before := d.reportedUse
	if l.Before != nil {
		before = *l.Before
	}
	return []string{
		fmt.Sprint(d.Quota),
		changed(before.Used, d.Used),
		changed(before.Granted, d.Granted),
		changed(before.Remaining, d.Remaining),
		fmt.Sprintf("%s %s, in %s", d.Ends.Format(time.RFC3339), d.Timezone, rough(time.Duration(d.EndsSeconds)*time.Second)),
	}
}

func changed(before, after int64) string {
	if before == after {
		return fmt.Sprint(after)
	}
	return fmt.Sprintf("%d -> %d", before, after)
}

// cell tells what may come at once, of what comes in a second.
func (r *reportedRate) cell() string {
	switch {
	case r == nil:
		return nothing
	case r.Burst != nil:
		return fmt.Sprintf("%d of burst %d left, %d/s", r.Remaining, *r.Burst, r.TPS)
	}
	return fmt.Sprintf("%d of %d/s left", r.Remaining, r.TPS)
}

// rough is a time to wait as a person says it.
func rough(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%ds", d/time.Second)
	}
	d = d.Truncate(time.Minute)
	if d < time.Hour {
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
}
