package schema

import (
	"encoding/json"
	"errors"
	"fmt"

	"tollgate/test/kongsim/internal/lua"
)

// Schema is the `config` record of a plugin's schema.
type Schema struct{ config field }

type field struct {
	Type     string          `json:"type"`
	Required *bool           `json:"required"`
	Default  json.RawMessage `json:"default"`
	Fields   record          `json:"fields"`
	Elements *field          `json:"elements"`
	Values   *field          `json:"values"`

	Referenceable bool `json:"referenceable"`

	fallback any // Default, decoded
}

// record is Kong's list of one-member objects, which keeps an order.
type record []map[string]*field

func (r record) find(name string) *field {
	for _, member := range r {
		if f := member[name]; f != nil {
			return f
		}
	}
	return nil
}

// Parse reads the Schema member of a plugin server's dump.
func Parse(dump []byte) (*Schema, error) {
	var top field
	if err := json.Unmarshal(dump, &top); err != nil {
		return nil, fmt.Errorf("reading schema: %w", err)
	}
	config := top.Fields.find("config")
	if config == nil {
		return nil, errors.New("reading schema: it has no field config")
	}
	config.Type = "record"
	if err := config.decodeDefaults("config"); err != nil {
		return nil, fmt.Errorf("reading schema: %w", err)
	}
	return &Schema{config: *config}, nil
}

func (f *field) decodeDefaults(path string) error {
	if err := f.decodeDefault(path); err != nil {
		return err
	}
	for _, member := range f.Fields {
		for name, sub := range member {
			if sub == nil {
				return fmt.Errorf("%s.%s: no definition", path, name)
			}
			if err := sub.decodeDefaults(path + "." + name); err != nil {
				return err
			}
		}
	}
	for _, sub := range []*field{f.Elements, f.Values} {
		if sub == nil {
			continue
		}
		if err := sub.decodeDefaults(path + "[]"); err != nil {
			return err
		}
	}
	return nil
}

func (f *field) decodeDefault(path string) error {
	if f.Default == nil {
		return nil
	}
	var value any
	if err := json.Unmarshal(f.Default, &value); err != nil {
		return fmt.Errorf("%s: default: %w", path, err)
	}
	value, err := lua.Normal(value)
	f.fallback = value
	return err
}

// required is true for a record that does not say: Kong's metaschema makes it
// so.
func (f *field) required() bool {
	if f.Required == nil {
		return f.Type == "record"
	}
	return *f.Required
}

// missing is the value of a field that was not given, nil for none.
func (f *field) missing() any {
	if f.fallback != nil {
		return lua.Copy(f.fallback)
	}
	if f.Type == "record" && f.required() {
		return map[string]any{}
	}
	return nil
}
