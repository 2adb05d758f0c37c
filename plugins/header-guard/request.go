package headerguard

import (
	"slices"
	"strings"

	"tollgate/internal/httpheader"
)

// survey looks once at all names of a request. lines is how many header lines there are.
func survey(headers httpheader.List) (q request, lines int) {
	q.headers = headers
	for i := range headers {
		lines += len(headers[i].Lines)
		q.underscored = q.underscored || strings.IndexByte(headers[i].Name, '_') >= 0
		if headers[i].Name == connectionHeader && !plainConnection(headers[i].Lines) {
			q.connection = headers[i].Lines
		}
	}
	return q, lines
}

// alias is a header that came in another spelling of a name, with underscores for dashes or the other way round, and
// with a line; nil for none. Kong and many an upstream take the spellings for one header (underscores_in_headers is on).
func (q request) alias(name string) *httpheader.Field {
	if !q.underscored && strings.IndexByte(name, '_') < 0 {
		return nil
	}
	var found *httpheader.Field
	for i := range q.headers {
		if other := &q.headers[i]; isAlias(other, name) && (found == nil || other.Name < found.Name) {
			found = other
		}
	}
	return found
}

// aliases are all of them, in order, so that alias is the first.
func (q request) aliases(name string) (found []spelling) {
	for i := range q.headers {
		if other := &q.headers[i]; isAlias(other, name) {
			found = append(found, spelling{other.Name, other.Lines[0]})
		}
	}
	slices.SortFunc(found, func(a, b spelling) int { return strings.Compare(a.name, b.name) })
	return found
}

func isAlias(other *httpheader.Field, name string) bool {
	return len(other.Lines) > 0 && other.Name != name && sameHeader(other.Name, name)
}

// sameHeader tells whether two names in lower case are spellings of one header.
func sameHeader(a, b string) bool { return len(a) == len(b) && hasHeaderPrefix(a, b) }

// hasHeaderPrefix is strings.HasPrefix for names in lower case, in any spelling.
func hasHeaderPrefix(name, prefix string) bool {
	if len(name) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if dashed(name[i]) != dashed(prefix[i]) {
			return false
		}
	}
	return true
}

func dashed(c byte) byte {
	if c == '_' {
		return '-'
	}
	return c
}
