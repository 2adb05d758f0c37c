package schema

import (
	"errors"
	"fmt"
	"slices"

	"tollgate/test/kongsim/internal/lua"
)

// Fill returns config with the defaults in it. The error joins every problem;
// each names its path.
func (s *Schema) Fill(config map[string]any) (map[string]any, error) {
	f := filler{}
	filled, _ := f.fill(&s.config, "config", config, true).(map[string]any)
	return filled, errors.Join(f.problems...)
}

type filler struct{ problems []error }

func (f *filler) complain(path, format string, args ...any) {
	f.problems = append(f.problems, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
}

// fill returns nil for a field that is to be absent. An explicit null
// suppresses the default of a field that is not required.
func (f *filler) fill(def *field, path string, value any, given bool) any {
	if !given || value == nil && def.required() {
		value = def.missing()
	}
	if value == nil {
		return nil
	}
	switch def.Type {
	case "record":
		return f.fillRecord(def, path, value)
	case "array", "set":
		return f.fillList(def, path, value)
	case "map":
		return f.fillMap(def, path, value)
	}
	return value
}

func (f *filler) fillRecord(def *field, path string, value any) any {
	given, ok := value.(map[string]any)
	if !ok {
		f.complain(path, "expected a record, got a %s", lua.TypeName(value))
		return value
	}
	out := map[string]any{}
	for _, member := range def.Fields {
		for name, sub := range member {
			have, present := given[name]
			if filled := f.fill(sub, path+"."+name, have, present); filled != nil {
				out[name] = filled
			}
		}
	}
	f.checkUnknown(def, path, given)
	f.resolve(def, path, out)
	return out
}

func (f *filler) checkUnknown(def *field, path string, given map[string]any) {
	var unknown []string
	for name := range given {
		if def.Fields.find(name) == nil {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for _, name := range unknown {
		f.complain(path+"."+name, "unknown field")
	}
}

func (f *filler) fillList(def *field, path string, value any) any {
	list, ok := value.([]any)
	if !ok {
		f.complain(path, "expected a list, got a %s", lua.TypeName(value))
		return value
	}
	if def.Elements == nil {
		return list
	}
	out := make([]any, 0, len(list))
	for i, element := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		if filled := f.fill(def.Elements, at, element, true); filled != nil {
			out = append(out, filled)
		}
	}
	return out
}

func (f *filler) fillMap(def *field, path string, value any) any {
	given, ok := value.(map[string]any)
	if list, isList := value.([]any); isList && len(list) == 0 {
		given, ok = map[string]any{}, true // a default of [] for a map
	}
	if !ok {
		f.complain(path, "expected a map, got a %s", lua.TypeName(value))
		return value
	}
	if def.Values == nil {
		return given
	}
	out := make(map[string]any, len(given))
	for key, v := range given {
		if filled := f.fill(def.Values, path+"."+key, v, true); filled != nil {
			out[key] = filled
		}
	}
	return out
}
