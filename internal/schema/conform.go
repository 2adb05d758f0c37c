package schema

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Conform reports every difference between the record and the exported fields of the struct type
// that it is decoded into, so that a field cannot be declared and not read, or read and not declared.
func (r Record) Conform(structType reflect.Type) error {
	var p Problems
	r.conform(&p, "", structType)
	return p.Err()
}

func (r *Record) conform(p *Problems, path string, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		p.Add(path, "is a record, but Go has "+t.String())
		return
	}
	goFields := map[string]reflect.Type{}
	for i := range t.NumField() {
		if field := t.Field(i); field.IsExported() {
			goFields[jsonName(field)] = field.Type
		}
	}
	for i := range r.Fields {
		f := &r.Fields[i]
		goType, ok := goFields[f.Name]
		if !ok {
			p.Add(Join(path, f.Name), "is declared, but "+t.String()+" lacks it")
			continue
		}
		delete(goFields, f.Name)
		f.conform(p, Join(path, f.Name), goType)
	}
	for _, name := range slices.Sorted(maps.Keys(goFields)) {
		p.Add(Join(path, name), "is in "+t.String()+", but not declared")
	}
}

// jsonName is the name in the tag; a field without one shows under its Go name, which no schema has.
func jsonName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	if name == "" {
		return field.Name
	}
	return name
}

func (f *Field) conform(p *Problems, path string, t reflect.Type) {
	switch f.Kind {
	case Object:
		f.Record.conform(p, path, t)
	case Array, Set:
		if t.Kind() != reflect.Slice {
			p.Add(path, fmt.Sprintf("is %s, but Go has %s", f.Kind, t))
			return
		}
		f.Elements.conform(p, path+"[]", t.Elem())
	case Map:
		if t.Kind() != reflect.Map {
			p.Add(path, fmt.Sprintf("is a map, but Go has %s", t))
			return
		}
		f.Values.conform(p, path+".*", t.Elem())
	case String, Integer, Number, Boolean:
		f.conformScalar(p, path, t)
	}
}

func (f *Field) conformScalar(p *Problems, path string, t reflect.Type) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem() // a pointer tells absent from zero
	}
	fits := map[Kind]reflect.Kind{String: reflect.String, Number: reflect.Float64, Boolean: reflect.Bool, Integer: reflect.Int64}
	if t.Kind() != fits[f.Kind] && (f.Kind != Integer || t.Kind() != reflect.Int) {
		p.Add(path, fmt.Sprintf("is %s, but Go has %s", f.Kind, t))
	}
}
