package schema

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/gopher-lua/pm"
)

// violated lists the rules that value breaks. It has the right type already.
func (f *Field) violated(value any) []string {
	rules := f.Rules
	if f.Kind == String && rules.LenMin == 0 && f.Default != "" {
		rules.LenMin = 1 // Kong's own rule for strings
	}
	broken := rules.broken(value)
	for i := range broken {
		broken[i] += ", got " + f.show(value)
	}
	return broken
}

// broken lists what value violates, without the value.
func (r Rules) broken(value any) []string {
	var out []string
	if r.Eq != nil && !sameValue(r.Eq, value) {
		out = append(out, fmt.Sprintf("must be %v", r.Eq))
	}
	switch v := value.(type) {
	case string:
		out = append(out, r.brokenByText(v)...)
		out = append(out, r.brokenByLength(len(v), "characters")...)
	case []any:
		out = append(out, r.brokenByLength(len(v), "elements")...)
	case map[string]any:
		out = append(out, r.brokenByLength(len(v), "entries")...)
	default:
		if n, ok := number(value); ok {
			out = append(out, r.brokenByNumber(n)...)
		}
	}
	return out
}

func (r Rules) brokenByText(text string) []string {
	var out []string
	if r.OneOf != nil && !slices.Contains(r.OneOf, text) {
		out = append(out, "must be one of "+strings.Join(r.OneOf, ", "))
	}
	if r.Match != "" && !luaMatch(r.Match, text) {
		out = append(out, "must match the Lua pattern "+r.Match)
	}
	return out
}

func (r Rules) brokenByNumber(n float64) []string {
	var out []string
	if r.Between != nil && (n < r.Between.Min || n > r.Between.Max) {
		out = append(out, "must be between "+show(r.Between.Min)+" and "+show(r.Between.Max))
	}
	if r.Gt != nil && n <= *r.Gt {
		out = append(out, "must be greater than "+show(*r.Gt))
	}
	return out
}

func (r Rules) brokenByLength(length int, unit string) []string {
	var out []string
	if length < r.LenMin {
		out = append(out, fmt.Sprintf("must have at least %d %s", r.LenMin, unit))
	}
	if r.LenMax > 0 && length > r.LenMax {
		out = append(out, fmt.Sprintf("must have at most %d %s", r.LenMax, unit))
	}
	return out
}

// check applies a rule over several fields.
func (c *checker) check(path string, r *Record, check Check, tree map[string]any) {
	switch {
	case check.Conditional != nil:
		c.conditional(path, r, check.Conditional, tree)
	case check.MutuallyExclusive != nil:
		if found := nonempty(tree, check.MutuallyExclusive); len(found) > 1 {
			c.problems.Add(path, "must have only one of "+strings.Join(check.MutuallyExclusive, ", ")+", got "+strings.Join(found, " and "))
		}
	case check.MutuallyRequired != nil:
		if found := nonempty(tree, check.MutuallyRequired); len(found) > 0 && len(found) < len(check.MutuallyRequired) {
			c.problems.Add(path, "must have all of "+strings.Join(check.MutuallyRequired, ", ")+" or none, got "+strings.Join(found, " and "))
		}
	case len(nonempty(tree, check.AtLeastOneOf)) == 0:
		c.problems.Add(path, "needs at least one of "+strings.Join(check.AtLeastOneOf, ", "))
	}
}

// nonempty are those of some fields that are not absent.
func nonempty(tree map[string]any, names []string) (found []string) {
	for _, name := range names {
		if !empty(tree[name]) {
			found = append(found, name)
		}
	}
	return found
}

// empty tells what Kong's entity checks take for absent (is_nonempty in kong/db/schema/init.lua).
func empty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// conditional follows Kong in what an absent value, a null there, satisfies: every rule but eq and required.
func (c *checker) conditional(path string, r *Record, cond *Conditional, tree map[string]any) {
	trigger := r.field(cond.IfField)
	if len(cond.IfMatch.brokenIn(tree, trigger)) > 0 || tree[trigger.Name] == nil && trigger.Required {
		return
	}
	because := fmt.Sprintf(" when %s is %s", trigger.Name, trigger.show(tree[trigger.Name]))
	for _, rule := range cond.ThenMatch.brokenIn(tree, r.field(cond.ThenField)) {
		c.problems.Add(Join(path, cond.ThenField), rule+because)
	}
}

// brokenIn lists what a field of a record violates, present or absent.
func (r Rules) brokenIn(tree map[string]any, f *Field) []string {
	value, present := tree[f.Name]
	switch {
	case present:
		return r.broken(value)
	case r.Required:
		return []string{"is required"}
	case r.Eq != nil:
		return []string{fmt.Sprintf("must be %v", r.Eq)}
	}
	return nil
}

func (r *Record) field(name string) *Field {
	for i := range r.Fields {
		if r.Fields[i].Name == name {
			return &r.Fields[i]
		}
	}
	panic(fmt.Sprintf("schema: no field %q", name))
}

// sameValue compares a rule's Go value with a decoded one.
func sameValue(want, got any) bool {
	if n, ok := number(got); ok {
		m, ok := number(plain(want))
		return ok && m == n
	}
	return want == got
}

// luaMatch tells whether text matches a Lua pattern, as Kong's match rule does.
func luaMatch(pattern, text string) bool {
	found, err := pm.Find(pattern, []byte(text), 0, 1)
	if err != nil {
		panic(fmt.Sprintf("schema: pattern %q: %v", pattern, err))
	}
	return len(found) > 0
}

// show renders a value for a message: never a secret, and never more than a line.
func (f *Field) show(value any) string {
	if f.Encrypted || f.Referenceable {
		return "a value that is not shown"
	}
	return show(value)
}

func show(value any) string {
	if f, ok := value.(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	switch v := value.(type) {
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	case map[string]any:
		return "a record"
	}
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%v", value)
	}
	const longest = 60
	if len(data) > longest {
		return strings.ToValidUTF8(string(data[:longest]), "") + "…" // the cut may split a character
	}
	return string(data)
}
