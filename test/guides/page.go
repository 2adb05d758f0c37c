package guides

import (
	"fmt"
	"slices"
	"strings"
)

// step is what a page has the test do: one block, or one comment.
type step struct {
	// line is where it stands in the page, from 1.
	line int
	// kind is that of a block, or the first word of a comment.
	kind string
	// text is what stands in the block, or behind the comment's first word.
	text string
	// notes are the comments that stand before a block and are about it, by their first word.
	notes map[string]string
}

// kinds are those that a block may have.
func kinds() []string { return []string{"console", "sh", "yaml", "text"} }

// deeds are comments that do something by themselves; notes are about the block that follows.
func deeds() []string { return []string{"run", "faults"} }
func notes() []string { return []string{"merge", "save", "only kong", "only redis", "never run"} }

// parse returns the steps of a page in their order.
func parse(page string) ([]step, error) {
	p := parser{lines: strings.Split(page, "\n"), notes: map[string]string{}}
	for p.at < len(p.lines) {
		if err := p.next(); err != nil {
			return nil, fmt.Errorf("line %d: %w", p.at+1, err)
		}
	}
	if len(p.notes) > 0 {
		return nil, fmt.Errorf("the last comment has no block: %v", p.notes)
	}
	return p.steps, nil
}

type parser struct {
	lines []string
	at    int
	notes map[string]string
	steps []step
}

func (p *parser) next() error {
	line := strings.TrimSpace(p.lines[p.at])
	switch {
	case strings.HasPrefix(line, "```"):
		return p.block(strings.TrimPrefix(line, "```"))
	case strings.HasPrefix(line, "<!--"):
		return p.comment()
	case line != "" && len(p.notes) > 0:
		return fmt.Errorf("a comment is about the block that follows, and text does: %q", line)
	}
	p.at++
	return nil
}

func (p *parser) block(kind string) error {
	if !slices.Contains(kinds(), kind) {
		return fmt.Errorf("a block must be one of %q, got %q", kinds(), kind)
	}
	indent, _, _ := strings.Cut(p.lines[p.at], "`")
	s := step{line: p.at + 1, kind: kind, notes: p.notes}
	var text strings.Builder
	for p.at++; p.at < len(p.lines); p.at++ {
		if strings.TrimSpace(p.lines[p.at]) == "```" {
			s.text = text.String()
			p.steps, p.notes = append(p.steps, s), map[string]string{}
			p.at++
			return nil
		}
		text.WriteString(strings.TrimPrefix(p.lines[p.at], indent) + "\n")
	}
	return fmt.Errorf("the block of line %d does not end", s.line)
}

func (p *parser) comment() error {
	begin := p.at
	var text strings.Builder
	for ; p.at < len(p.lines); p.at++ {
		before, _, ends := strings.Cut(p.lines[p.at], "-->")
		text.WriteString(before + "\n")
		if ends {
			p.at++
			return p.noted(begin+1, strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text.String()), "<!--")))
		}
	}
	return fmt.Errorf("the comment of line %d does not end", begin+1)
}

func (p *parser) noted(line int, text string) error {
	for _, word := range notes() {
		if rest, ok := strings.CutPrefix(text, word); ok {
			p.notes[word] = strings.TrimSpace(rest)
			return nil
		}
	}
	for _, word := range deeds() {
		if rest, ok := strings.CutPrefix(text, word); ok {
			p.steps = append(p.steps, step{line: line, kind: word, text: strings.TrimSpace(rest)})
			return nil
		}
	}
	return fmt.Errorf("a comment must begin with one of %q or %q, got %q", deeds(), notes(), text)
}

// command is one of a console block, with what it is to print.
type command struct {
	line  int
	text  string
	print string
}

// commands of a console block: behind "$ ", and lines that begin with "> " continue one.
func (s step) commands() []command {
	var out []command
	for i, line := range strings.Split(strings.TrimSuffix(s.text, "\n"), "\n") {
		text, begins := strings.CutPrefix(line, "$ ")
		more, continues := strings.CutPrefix(line, "> ")
		switch {
		case begins:
			out = append(out, command{line: s.line + 1 + i, text: text})
		case len(out) == 0:
			out = append(out, command{line: s.line + 1 + i, text: "false # a console block begins with a command"})
		case continues && out[len(out)-1].print == "":
			out[len(out)-1].text += "\n" + more
		default:
			out[len(out)-1].print += line + "\n"
		}
	}
	return out
}
