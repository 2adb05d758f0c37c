package headerguard

import (
	"fmt"
	"strings"
)

// text says in words what the group or rule demands.
func (fs fields) text() string {
	if len(fs) == 1 {
		return fs[0].text()
	}
	var names []string
	for i := range fs {
		names = append(names, fs[i].name)
	}
	return "one of " + strings.Join(names, ", ")
}

func (f *field) text() string {
	parts := []string{f.name + " came"}
	if f.optional {
		parts[0] = f.name + ", where it came"
	}
	for _, bound := range []struct {
		form string
		n    int
	}{{"at most %d lines", f.maxCount}, {"at least %d bytes", f.minLength}, {"at most %d bytes", f.maxLength}} {
		if bound.n > 0 {
			parts = append(parts, fmt.Sprintf(bound.form, bound.n))
		}
	}
	if len(f.oneOf) > 0 {
		parts = append(parts, fmt.Sprintf("one of %q", f.oneOf))
	}
	if f.match != nil {
		parts = append(parts, "matches "+f.match.String())
	}
	return strings.Join(parts, ", ")
}
