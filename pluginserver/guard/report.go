package guard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	headerguard "tollgate/plugins/header-guard"
	"tollgate/pluginserver/declarative"
)

// reported is what is printed, for machines as it stands here. Names are stable.
type reported struct {
	Decision string `json:"decision"`
	Status   int    `json:"status,omitempty"`
	ExemptBy string `json:"exempt_by,omitempty"`
	// NginxRefuses is why no plugin sees the request; what follows is then what header-guard would say.
	NginxRefuses string          `json:"nginx_refuses,omitempty"`
	Witness      string          `json:"witness,omitempty"`
	Instance     string          `json:"instance"`
	Checks       []reportedCheck `json:"checks"`
}

type reportedCheck struct {
	Check   string          `json:"check"`
	Verdict string          `json:"verdict"`
	Mode    string          `json:"mode"`
	Status  int             `json:"status"`
	Demand  string          `json:"demand"`
	Scope   string          `json:"scope,omitempty"`
	Faults  []reportedFault `json:"faults,omitempty"`
}

type reportedFault struct {
	Header string             `json:"header,omitempty"`
	Reason headerguard.Reason `json:"reason"`
	Place  headerguard.Place  `json:"place"`
}

func report(p *declarative.Plugin, e headerguard.Explained, refused string) reported {
	r := reported{
		Decision: e.Decision, Status: e.Status, ExemptBy: e.ExemptBy, NginxRefuses: refused, Witness: e.Witness, Instance: p.Title(),
		Checks: []reportedCheck{},
	}
	for _, c := range e.Checks {
		out := reportedCheck{Check: c.Name, Verdict: c.Verdict, Mode: c.Mode, Status: c.Status, Demand: c.Demand, Scope: c.Scope}
		for _, f := range c.Faults {
			out.Faults = append(out.Faults, reportedFault(f))
		}
		r.Checks = append(r.Checks, out)
	}
	return r
}

// passes tells whether Kong would go on with the request. One that is unread and has no status is let pass.
func (r reported) passes() bool {
	return r.NginxRefuses == "" && (slices.Contains([]string{"passed", "exempt", "audited"}, r.Decision) || r.Decision == "unread" && r.Status == 0)
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

// trailing is the space that fills empty cells at the ends of lines.
var trailing = regexp.MustCompile(` +\n`)

// table prints for people.
func (r reported) table(w io.Writer) error {
	var out bytes.Buffer
	_, _ = fmt.Fprintf(&out, "instance %s\n", r.Instance)
	const space = 2
	rows := tabwriter.NewWriter(&out, 0, 0, space, ' ', 0)
	_, _ = fmt.Fprintln(rows, "CHECK\tMODE\tSTATUS\tVERDICT\tDETAIL")
	for _, c := range r.Checks {
		_, _ = fmt.Fprintf(rows, "%s\t%s\t%d\t%s\t%s\n", c.Check, c.Mode, c.Status, c.Verdict, c.detail())
	}
	_ = rows.Flush() // into memory
	_, _ = fmt.Fprintln(&out, r.sum())
	if _, err := io.WriteString(w, trailing.ReplaceAllString(out.String(), "\n")); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// detail is what is wrong, or else what is demanded.
func (c reportedCheck) detail() string {
	var faults []string
	for _, f := range c.Faults {
		faults = append(faults, headerguard.ExplainedFault(f).String())
	}
	switch {
	case faults != nil:
		return strings.Join(faults, ", ")
	case c.Scope != "":
		return c.Demand + "; for " + c.Scope
	}
	return c.Demand
}

// sum is the last line.
func (r reported) sum() string {
	text := r.Decision
	if r.Status > 0 {
		text += fmt.Sprintf(" with %d", r.Status)
	}
	if r.ExemptBy != "" && r.Decision == "exempt" {
		text += " by " + r.ExemptBy
	}
	if r.Witness != "" {
		text += ", witness " + r.Witness
	}
	if r.NginxRefuses != "" {
		text = "refused by nginx with 400; without that " + text
	}
	return text
}
