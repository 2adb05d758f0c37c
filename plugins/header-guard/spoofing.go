package headerguard

import (
	"cmp"
	"slices"
	"strings"
)

// spoofing demands that no header came that only the gateway sets.
type spoofing struct {
	patterns []spoofPattern
	// common is what all patterns begin with, and next are the bytes with which one of them goes on; ends tells
	// that one does not. Most names of a request are passed over by these.
	common string
	next   [256]bool
	ends   bool
}

// spoofPattern is a name, or the beginning of names, in lower case.
type spoofPattern struct {
	label, name string
	prefix      bool
}

func newSpoofing(patterns []string) *spoofing {
	s := &spoofing{}
	for _, pattern := range patterns {
		label := strings.ToLower(pattern)
		name, prefix := strings.CutSuffix(label, "*")
		s.patterns = append(s.patterns, spoofPattern{label, name, prefix})
	}
	s.common = commonPrefix(s.patterns)
	for _, p := range s.patterns {
		if len(p.name) == len(s.common) {
			s.ends = true
		} else {
			s.next[dashed(p.name[len(s.common)])] = true
		}
	}
	return s
}

// commonPrefix is empty where there are no patterns.
func commonPrefix(patterns []spoofPattern) string {
	if len(patterns) == 0 {
		return ""
	}
	common := patterns[0].name
	for _, p := range patterns[1:] {
		for !hasHeaderPrefix(p.name, common) {
			common = common[:len(common)-1]
		}
	}
	return common
}

func (s *spoofing) examine(q request, found []fault) []fault {
	before := len(found)
	for i := range q.headers {
		name, lines := q.headers[i].Name, q.headers[i].Lines
		if p := s.matching(name); p != nil && len(lines) > 0 {
			found = append(found, fault{header: p.header(name), reason: Spoofed, name: name, came: true, value: lines[0]})
		}
	}
	return found[:before+len(inOrder(found[before:]))]
}

// inOrder sorts, since Kong tells of headers in any order, and makes one of those that are reported under one name:
// a client could send hundreds.
func inOrder(found []fault) []fault {
	slices.SortFunc(found, func(a, b fault) int {
		return cmp.Or(strings.Compare(a.header, b.header), strings.Compare(a.name, b.name))
	})
	kept := found[:0]
	for _, f := range found {
		if n := len(kept); n > 0 && kept[n-1].header == f.header {
			kept[n-1].others = append(kept[n-1].others, spelling{f.name, f.value})
		} else {
			kept = append(kept, f)
		}
	}
	return kept
}

func (s *spoofing) matching(name string) *spoofPattern {
	if !hasHeaderPrefix(name, s.common) || !s.ends && (len(name) == len(s.common) || !s.next[dashed(name[len(s.common)])]) {
		return nil
	}
	for i := range s.patterns {
		p := &s.patterns[i]
		if hasHeaderPrefix(name, p.name) && (p.prefix || len(name) == len(p.name)) {
			return p
		}
	}
	return nil
}

// header is how a header is reported: by the pattern, where its name may be of the client's making.
func (p *spoofPattern) header(name string) string {
	if p.prefix {
		for _, known := range [...]string{
			"x-consumer-id", "x-consumer-username", "x-consumer-custom-id", "x-consumer-groups", "x-credential-identifier",
			"x-authenticated-groups", "x-authenticated-scope", "x-authenticated-userid", "x-anonymous-consumer",
		} {
			if sameHeader(name, known) {
				return known
			}
		}
	}
	return p.label
}

func (s *spoofing) text() string {
	var labels []string
	for _, p := range s.patterns {
		labels = append(labels, p.label)
	}
	return "the client sends none of " + strings.Join(labels, ", ")
}
