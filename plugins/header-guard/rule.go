package headerguard

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// fields demands one sound header out of several; a rule has but one.
type fields []field

// field is what a header must be like to count as sound. Zero bounds are none.
type field struct {
	name                           string // lower case
	optional                       bool
	maxCount, minLength, maxLength int
	oneOf                          []string
	match                          *expression // nil accepts any value
}

func newRuleCheck(r *Rule) check {
	f := field{
		name: strings.ToLower(r.Header), optional: !r.Required,
		maxCount: r.MaxCount, minLength: r.MinLength, maxLength: r.MaxLength, oneOf: r.OneOf,
	}
	if f.maxCount == 0 {
		f.maxCount = usualCount(f.name)
	}
	if r.Match != "" {
		f.match = compile(r.Match)
	}
	return check{name: r.Name, mode: r.Mode, status: r.Status, scope: newScope(r.Methods, r.Paths), demand: fields{f}}
}

func newGroupCheck(a *AnyOf, name string) check {
	var group fields
	for _, header := range a.Headers {
		header = strings.ToLower(header)
		group = append(group, field{name: header, maxCount: usualCount(header)})
	}
	return check{name: name, mode: a.Mode, status: a.Status, scope: newScope(a.Methods, a.Paths), demand: group}
}

func (fs fields) examine(q request, found []fault) []fault {
	for i := range fs {
		if reason, _ := fs[i].judge(q); reason == "" {
			return found
		}
	}
	for i := range fs {
		reason, value := fs[i].judge(q)
		found = append(found, fs[i].fault(q, reason, value))
	}
	return found
}

func (f *field) fault(q request, reason Reason, value string) fault {
	out := fault{header: f.name, reason: reason, name: f.name, limit: f.maxCount, came: len(q.headers.Lines(f.name)) > 0, value: value}
	switch reason {
	case HopByHop:
		out.name = connectionHeader // what is wrong stands there
	case Alias:
		aliases := q.aliases(f.name)
		out.name, out.came = aliases[0].name, true
		out.others = aliases[1:]
	}
	return out
}

// judge returns why the header is not sound, and the value at fault; or "" where it is sound.
func (f *field) judge(q request) (Reason, string) {
	if alias := q.alias(f.name); alias != nil {
		return Alias, alias.Lines[0]
	}
	lines := q.headers.Lines(f.name)
	switch {
	case len(lines) == 0 && f.optional:
		return "", ""
	case len(lines) == 0:
		return Missing, ""
	case named(q.connection, f.name):
		return HopByHop, lines[0]
	case f.maxCount > 0 && len(lines) > f.maxCount:
		return Duplicate, lines[f.maxCount]
	}
	for _, line := range lines {
		if reason := f.judgeLine(line); reason != "" {
			return reason, line
		}
	}
	return "", ""
}

func (f *field) judgeLine(line string) Reason {
	switch {
	case isBlank(line):
		return Blank
	case !utf8.ValidString(line):
		return NotUTF8
	case len(line) < f.minLength:
		return TooShort
	case f.maxLength > 0 && len(line) > f.maxLength:
		return TooLong
	case len(f.oneOf) > 0 && !slices.Contains(f.oneOf, line):
		return NotAllowed
	case f.match != nil && !f.match.MatchString(line):
		return Pattern
	}
	return ""
}

// isBlank tells whether there is nothing but optional white space (RFC 9110, section 5.6.3). A BIG-IP's
// Request Header Erase overwrites a value with spaces, and nginx cuts those off.
func isBlank(line string) bool {
	for i := range len(line) {
		if line[i] != ' ' && line[i] != '\t' {
			return false
		}
	}
	return true
}
