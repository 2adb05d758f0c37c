package guides

import (
	"regexp"
	"strings"
)

// prints tells whether what a command printed is what a page shows of it.
func prints(shown, printed string) bool { return shows(shown).MatchString(squeezed(printed)) }

// shows is the expression that stands for what a page shows.
func shows(shown string) *regexp.Regexp {
	var out strings.Builder
	out.WriteString(`\A`)
	for line := range strings.Lines(squeezed(shown)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "…" {
			out.WriteString(`(?:.*\n)*?`)
			continue
		}
		for i, part := range strings.Split(line, "…") {
			if i > 0 {
				out.WriteString(`.*`)
			}
			out.WriteString(regexp.QuoteMeta(part))
		}
		out.WriteString(`\n`)
	}
	return regexp.MustCompile(out.String() + `\z`)
}

var (
	spaces    = regexp.MustCompile(`[ \t]+`)
	lineEnds  = regexp.MustCompile(`[ \t\r]*\n`)
	lastLines = regexp.MustCompile(`\n*\z`)
)

// squeezed is a text without what only aligns it, with one line end at its end unless it is empty.
func squeezed(text string) string {
	text = lineEnds.ReplaceAllString(spaces.ReplaceAllString(text, " "), "\n")
	if text = lastLines.ReplaceAllString(text, ""); text == "" {
		return ""
	}
	return text + "\n"
}
