package quota

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	tieredlimit "tollgate/plugins/tiered-limit"
)

// reported is what is printed, for machines as it stands here. Names are stable; times are RFC 3339; what a
// tier does not limit is null.
type reported struct {
	Action   string         `json:"action"`
	Granted  int64          `json:"granted,omitempty"`
	Consumer reportedWho    `json:"consumer"`
	Counts   []reportedLine `json:"counts"`
	// Notes tell what is not among the counts, and why, and what they do not say.
	Notes []string `json:"notes,omitempty"`
}

type reportedWho struct {
	Kind     string   `json:"kind"`
	ID       string   `json:"id"`
	IDSource string   `json:"id_source"`
	Username string   `json:"username,omitempty"`
	CustomID string   `json:"custom_id,omitempty"`
	Tags     []string `json:"tags,omitempty"`
}

type reportedLine struct {
	Instance string       `json:"instance"`
	Scope    string       `json:"scope"`
	Key      string       `json:"key"`
	Redis    string       `json:"redis"`
	Tier     string       `json:"tier"`
	Day      *reportedDay `json:"day"`
	// Before is there where the day was changed.
	Before *reportedUse  `json:"before,omitempty"`
	Rate   *reportedRate `json:"rate"`
}

type reportedUse struct {
	Used      int64 `json:"used"`
	Granted   int64 `json:"granted"`
	Remaining int64 `json:"remaining"`
}

type reportedDay struct {
	Quota int64 `json:"quota"`
	reportedUse
	Timezone    string    `json:"timezone"`
	Ends        time.Time `json:"ends"`
	EndsSeconds int64     `json:"ends_in_seconds"`
}

type reportedRate struct {
	TPS       int64  `json:"tps"`
	Burst     *int64 `json:"burst"`
	Remaining int64  `json:"remaining"`
}

func report(a Action, s subject, counts []*count) reported {
	r := reported{Action: a.Name, Granted: a.N, Consumer: reportedWho{Kind: s.kind, ID: s.id, IDSource: "argument"}}
	if c := s.consumer; c != nil && s.kind == consumer {
		r.Consumer.IDSource, r.Consumer.Username, r.Consumer.CustomID, r.Consumer.Tags = string(c.Origin), c.Name, c.CustomID, c.Tags
	}
	for _, c := range counts {
		r.Counts = append(r.Counts, line(a, c))
	}
	return r
}

func line(a Action, c *count) reportedLine {
	l := reportedLine{Instance: c.name(), Scope: c.scope, Key: c.key, Redis: c.address(), Tier: c.tier}
	if quota := c.limits.Quota; quota > 0 {
		left := c.after.Ends.Sub(c.after.Time)
		l.Day = &reportedDay{
			Quota: quota, reportedUse: use(c.after), Timezone: c.after.Ends.Location().String(),
			Ends: c.after.Ends, EndsSeconds: int64((left + time.Second - 1) / time.Second),
		}
		if a.Name != Show {
			before := use(c.before)
			l.Before = &before
		}
	}
	if tps := c.limits.TPS; tps > 0 {
		l.Rate = &reportedRate{TPS: tps, Remaining: c.rate.RateLeft}
		if burst := c.limits.Burst; burst > 0 {
			l.Rate.Burst = &burst
		}
	}
	return l
}

func use(b tieredlimit.Balance) reportedUse {
	return reportedUse{Used: b.Used, Granted: b.Granted, Remaining: b.Remaining}
}

func (r reported) json(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	if err := out.Encode(r); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}
