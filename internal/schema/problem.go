package schema

import (
	"errors"
	"strings"
)

// Problem is one thing wrong with a configuration.
type Problem struct {
	// Path leads to the value: names joined by dots, elements of a list by their name where they
	// have one (tiers.free.tps), else by their position from one, as Kong counts (rules[1].header).
	Path string
	// Rule says what must hold, and what was found instead unless that is a secret.
	Rule string
}

// String joins path and rule.
func (p Problem) String() string {
	if p.Path == "" {
		return p.Rule
	}
	return p.Path + ": " + p.Rule
}

// Error lists all problems of one configuration.
type Error struct{ Problems []Problem }

// Error joins the problems with semicolons, in the order of the schema.
func (e *Error) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.String()
	}
	return strings.Join(texts, "; ")
}

// Problems collects what Validate methods find; its zero value is ready to use.
type Problems struct{ list []Problem }

// Add notes a problem at path.
func (p *Problems) Add(path, rule string) {
	p.list = append(p.list, Problem{Path: path, Rule: rule})
}

// merge adds the problems of err, which may be any error.
func (p *Problems) merge(err error) {
	if several := (*Error)(nil); errors.As(err, &several) {
		p.list = append(p.list, several.Problems...)
	} else if err != nil {
		p.Add("", err.Error())
	}
}

// Err returns the problems as an *Error, or nil where there are none.
func (p *Problems) Err() error {
	if len(p.list) == 0 {
		return nil
	}
	return &Error{Problems: p.list}
}

// Join appends a member name to a path.
func Join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
