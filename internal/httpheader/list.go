// Package httpheader holds a request's header lines as Kong tells of them.
package httpheader

import (
	"cmp"
	"slices"
)

// Field is one header.
type Field struct {
	// Name is in lower case, and otherwise in the spelling that came: x_api_key is not x-api-key.
	Name  string
	Lines []string
}

// List is all headers of a request, each name once, as in the Lua table that Kong has them in
// (kong.request.get_headers). Requests have few enough of them that going through a list takes less than making a map
// of it.
type List []Field

// Lines are those of a header, nil where it did not come.
func (l List) Lines(name string) []string {
	for i := range l {
		if l[i].Name == name {
			return l[i].Lines
		}
	}
	return nil
}

// Count tells how many lines all headers have.
func (l List) Count() int {
	n := 0
	for i := range l {
		n += len(l[i].Lines)
	}
	return n
}

// FromMap makes a List of lines by name, in the order of the names.
func FromMap(lines map[string][]string) List {
	l := make(List, 0, len(lines))
	for name := range lines {
		l = append(l, Field{name, lines[name]})
	}
	slices.SortFunc(l, func(a, b Field) int { return cmp.Compare(a.Name, b.Name) })
	return l
}
