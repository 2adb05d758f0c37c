package headerguard

import (
	"slices"
	"strings"
)

// survey looks once at all names of a request. lines is how many header lines there are.
func survey(headers map[string][]string) (q request, lines int) {
	q.headers = headers
	for name, values := range headers {
		lines += len(values)
		q.underscored = q.underscored || strings.IndexByte(name, '_') >= 0
	}
	return q, lines
}

// alias is another spelling of a header that came, with underscores for dashes or the other way round; empty
// for none. Kong and many an upstream take the spellings for one header (underscores_in_headers is on).
func (q request) alias(name string) string {
	if !q.underscored && strings.IndexByte(name, '_') < 0 {
		return ""
	}
	found := ""
	for other, lines := range q.headers {
		if isAlias(other, lines, name) && (found == "" || other < found) {
			found = other
		}
	}
	return found
}

// aliases are all of them, in order, so that alias is the first.
func (q request) aliases(name string) (found []spelling) {
	for other, lines := range q.headers {
		if isAlias(other, lines, name) {
			found = append(found, spelling{other, lines[0]})
		}
	}
	slices.SortFunc(found, func(a, b spelling) int { return strings.Compare(a.name, b.name) })
	return found
}

func isAlias(other string, lines []string, name string) bool {
	return len(lines) > 0 && other != name && sameHeader(other, name)
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
