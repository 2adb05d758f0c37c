package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// checker walks a configuration beside its schema and collects what is wrong. On the way it turns
// integral numbers such as 1e+16 into integers that Go decodes as such.
type checker struct{ problems Problems }

func (c *checker) record(path string, r *Record, tree map[string]any) {
	known := make([]string, 0, len(r.Fields))
	for i := range r.Fields {
		f := &r.Fields[i]
		known = append(known, f.Name)
		value, present := tree[f.Name]
		if !present {
			if f.mandatory() {
				c.problems.Add(Join(path, f.Name), "is required")
			}
			continue
		}
		tree[f.Name] = c.value(Join(path, f.Name), f, value)
	}
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		if !slices.Contains(known, name) {
			c.problems.Add(Join(path, name), "is not a known field; known are "+strings.Join(known, ", "))
		}
	}
	for _, check := range r.Checks {
		c.check(path, r, check, tree)
	}
}

// mandatory tells whether Kong refuses the field's absence. A record that is absent has been filled in
// by now, unless an explicit null took it out.
func (f *Field) mandatory() bool { return f.Required || f.Kind == Object && !f.Optional }

// value checks one value against its field and returns it in the form that Go decodes.
func (c *checker) value(path string, f *Field, value any) any {
	switch f.Kind {
	case String:
		return c.scalar(path, f, value, isString, "a string")
	case Boolean:
		return c.scalar(path, f, value, isBoolean, "a boolean")
	case Number:
		return c.scalar(path, f, value, isNumber, "a number")
	case Integer:
		n, ok := integer(value)
		if !ok {
			c.problems.Add(path, "must be an integer, got "+f.show(value))
			return value
		}
		return c.scalar(path, f, n, func(any) bool { return true }, "an integer")
	case Array, Set:
		return c.list(path, f, value)
	case Map:
		return c.mapping(path, f, value)
	case Object:
		members, ok := value.(map[string]any)
		if !ok {
			c.problems.Add(path, "must be a record, got "+kindOf(value))
			return value
		}
		c.record(path, &f.Record, members)
		return members
	}
	panic(fmt.Sprintf("schema: field %s has the unknown kind %q", path, f.Kind))
}

func (c *checker) scalar(path string, f *Field, value any, is func(any) bool, kind string) any {
	if !is(value) {
		c.problems.Add(path, "must be "+kind+", got "+f.show(value))
		return value
	}
	for _, rule := range f.violated(value) {
		c.problems.Add(path, rule)
	}
	return value
}

func (c *checker) list(path string, f *Field, value any) any {
	elements, ok := value.([]any)
	if !ok {
		c.problems.Add(path, "must be a list, got "+kindOf(value))
		return value
	}
	for _, rule := range f.violated(elements) {
		c.problems.Add(path, rule)
	}
	for i, element := range elements {
		elements[i] = c.value(elementPath(path, i, element), f.Elements, element)
	}
	return elements
}

// elementPath names an element by its own name where it has a plain one, else by its position.
func elementPath(path string, i int, element any) string {
	if members, ok := element.(map[string]any); ok {
		if name, ok := members["name"].(string); ok && name != "" && !strings.ContainsAny(name, ".[] ") {
			return Join(path, name)
		}
	}
	return fmt.Sprintf("%s[%d]", path, i+1)
}

func (c *checker) mapping(path string, f *Field, value any) any {
	members, ok := value.(map[string]any)
	if !ok {
		c.problems.Add(path, "must be a map, got "+kindOf(value))
		return value
	}
	for _, rule := range f.violated(members) {
		c.problems.Add(path, rule)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		c.value(Join(path, name), f.Keys, name)
		members[name] = c.value(Join(path, name), f.Values, members[name])
	}
	return members
}

func isString(v any) bool  { _, ok := v.(string); return ok }
func isBoolean(v any) bool { _, ok := v.(bool); return ok }
func isNumber(v any) bool  { _, ok := number(v); return ok }

// number reads any form of a JSON number.
func number(value any) (float64, bool) {
	switch v := value.(type) {
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case int64:
		return float64(v), true
	}
	return 0, false
}

// integer reads a whole number, however it is written. Above 2^53 it may not be what the operator
// wrote, since Kong keeps numbers as floats, but Kong lets it through: a bound belongs into Between.
func integer(value any) (int64, bool) {
	if n, ok := value.(json.Number); ok {
		if i, err := n.Int64(); err == nil {
			return i, true
		}
	}
	f, ok := number(value)
	if !ok || f != math.Trunc(f) || f < math.MinInt64 || f >= math.MaxInt64 {
		return 0, false
	}
	return int64(f), true
}

// kindOf names what stands where a container should: its value could be a secret of a field within.
func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case []any:
		return "a list"
	case map[string]any:
		return "a record"
	}
	return "a number"
}
