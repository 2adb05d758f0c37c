package headerguard

import (
	"strings"

	"tollgate/internal/httpheader"
)

// forwardedAlias demands that the X-Forwarded headers that no other check looks at came in no other spelling:
// behind a trusted load balancer Kong sends on what it takes for them.
type forwardedAlias struct{ names []string }

// newForwardedAlias leaves out those that a rule looks at, in all of the requests.
func newForwardedAlias(c *Config) forwardedAlias {
	var f forwardedAlias
	for _, name := range []string{"x-forwarded-port", "x-forwarded-prefix", "x-forwarded-path"} {
		if replaced, _ := c.overridden(name); !replaced {
			f.names = append(f.names, name)
		}
	}
	return f
}

func (f forwardedAlias) examine(q request, found []fault) []fault {
	for _, name := range f.names {
		if alias := q.alias(name); alias != nil {
			found = append(found, aliasFault(q, name, alias))
		}
	}
	return found
}

func (f forwardedAlias) text() string {
	return "no other spelling came of " + strings.Join(f.names, ", ")
}

// aliasFault is that of a header that came in other spellings, the first of which is alias.
func aliasFault(q request, header string, alias *httpheader.Field) fault {
	return fault{header: header, name: alias.Name, reason: Alias, came: true, value: alias.Lines[0], others: q.aliases(header)[1:]}
}
