package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Validator is a configuration with rules that Kong's schema language cannot express. Validate
// reports every violation, as an *Error where they have a place.
type Validator interface{ Validate() error }

// Decode reads a plugin's configuration into dst, a pointer to its struct: Kong's own members are
// dropped, defaults filled in, every rule checked, and at last dst's own Validate called. The error
// lists all problems at once.
func (r Record) Decode(config []byte, dst any) error {
	tree, err := parseTree(config)
	if err != nil {
		return err
	}
	r.fill(tree)
	c := checker{}
	c.record("", &r, tree)
	c.problems.merge(validated(tree, dst, c.problems.Err() == nil))
	return c.problems.Err()
}

// validated decodes the tree into dst and lets it validate itself. Where the schema has found problems
// already, that is done as far as it goes, so that all problems are told at once.
func validated(tree map[string]any, dst any, sound bool) error {
	data, err := json.Marshal(tree)
	if err != nil {
		return fmt.Errorf("encoding the configuration: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if sound {
		dec.DisallowUnknownFields()
	}
	switch err := dec.Decode(dst); {
	case err != nil && sound:
		return fmt.Errorf("decoding the validated configuration: %w", err)
	case err != nil:
		return nil // a wrong type, which the schema has told
	}
	if v, ok := dst.(Validator); ok {
		return v.Validate()
	}
	return nil
}

// fill puts defaults where a value is absent. An explicit null is taken out and stays absent.
func (r *Record) fill(tree map[string]any) {
	for i := range r.Fields {
		f := &r.Fields[i]
		value, present := tree[f.Name]
		if present && value == nil {
			delete(tree, f.Name)
			continue
		}
		if !present {
			value, present = f.absentValue()
		}
		if present {
			tree[f.Name] = f.filled(value)
		}
	}
}

// absentValue is what an absent field stands for.
func (f *Field) absentValue() (any, bool) {
	switch {
	case f.Default != nil:
		return plain(f.Default), true
	case f.Kind == Object && !f.Optional:
		return map[string]any{}, true
	}
	return nil, false
}

// filled fills the defaults of the records within value.
func (f *Field) filled(value any) any {
	switch f.Kind {
	case Object:
		if members, ok := value.(map[string]any); ok {
			f.Record.fill(members)
		}
	case Array, Set:
		// Lua has one empty table: an empty list may come as an empty object.
		if members, ok := value.(map[string]any); ok && len(members) == 0 {
			return []any{}
		}
		elements, _ := value.([]any)
		for i := range elements {
			elements[i] = f.Elements.filled(elements[i])
		}
	case Map:
		if elements, ok := value.([]any); ok && len(elements) == 0 {
			return map[string]any{}
		}
		members, _ := value.(map[string]any)
		for name := range members {
			members[name] = f.Values.filled(members[name])
		}
	case String, Integer, Number, Boolean:
	}
	return value
}

// plain turns a default's Go value into what the JSON decoder would have made of it.
func plain(value any) any {
	data, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("schema: default %v does not marshal: %v", value, err))
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var out any
	if err := dec.Decode(&out); err != nil {
		panic(fmt.Sprintf("schema: default %v does not decode: %v", value, err))
	}
	return out
}
