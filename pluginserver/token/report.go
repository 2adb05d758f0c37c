package token

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"text/tabwriter"
	"time"

	jwksverify "tollgate/plugins/jwks-verify"
	"tollgate/pluginserver/declarative"
)

// reported is what is printed, for machines as it stands here. Names are stable; times are RFC 3339.
type reported struct {
	Valid    bool           `json:"valid"`
	Reason   string         `json:"reason"`
	Instance string         `json:"instance"`
	At       time.Time      `json:"at"`
	Checks   []reportedStep `json:"checks"`
}

type reportedStep struct {
	Check   string `json:"check"`
	Verdict string `json:"verdict"`
	Detail  string `json:"detail,omitempty"`
}

func report(o *Options, p *declarative.Plugin, explained jwksverify.Report) reported {
	r := reported{Valid: explained.Reason == reasonOK, Reason: explained.Reason, Instance: p.Title(), At: o.At.UTC()}
	for _, s := range explained.Steps {
		r.Checks = append(r.Checks, reportedStep(s))
	}
	return r
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
	_, _ = fmt.Fprintf(&out, "instance %s, at %s\n", r.Instance, r.At.Format(time.RFC3339))
	const space = 2
	rows := tabwriter.NewWriter(&out, 0, 0, space, ' ', 0)
	_, _ = fmt.Fprintln(rows, "CHECK\tVERDICT\tDETAIL")
	for _, c := range r.Checks {
		_, _ = fmt.Fprintf(rows, "%s\t%s\t%s\n", c.Check, c.Verdict, c.Detail)
	}
	_ = rows.Flush() // into memory
	verdict := "valid"
	if !r.Valid {
		verdict = "refused: " + r.Reason
	}
	_, _ = fmt.Fprintln(&out, verdict)
	text := trailing.ReplaceAllString(out.String(), "\n")
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}
