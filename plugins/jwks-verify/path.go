package jwksverify

import (
	"slices"
	"strings"
)

// claimPath leads to a claim: a name, or names of members within members.
type claimPath struct {
	whole string
	steps []string
}

// newClaimPath reads a dotted path.
func newClaimPath(dotted string) claimPath {
	return claimPath{whole: dotted, steps: strings.Split(dotted, ".")}
}

// brokenPath is the rule that a dotted path breaks, empty for none.
func brokenPath(dotted string) string {
	if dotted != "" && slices.Contains(strings.Split(dotted, "."), "") {
		return "must not have an empty name between or beside dots"
	}
	return ""
}

// in finds the path's value; a claim that is null counts as absent. A claim whose own name is the whole
// path comes first: many names are URLs, whose dots lead nowhere.
func (p claimPath) in(c claims) (value any, found bool) {
	if value = c[p.whole]; value != nil {
		return value, true
	}
	object := map[string]any(c)
	for i, name := range p.steps {
		if value = object[name]; value == nil {
			return nil, false
		}
		if i == len(p.steps)-1 {
			break
		}
		object, _ = value.(map[string]any) // reading on in what is no object finds nothing
	}
	return value, true
}
