package schema

import (
	"reflect"
	"regexp"
	"testing"
)

func TestConform(t *testing.T) {
	if err := sample().Config.Conform(reflect.TypeFor[config]()); err != nil {
		t.Errorf("the sample does not conform: %v", err)
	}
	text := func(name string) Field { return Field{Name: name, Kind: String} }
	rows := []struct {
		name   string
		fields []Field
		goType reflect.Type
		want   string
	}{
		{"a field that Go lacks", []Field{text("a"), text("b")}, reflect.TypeFor[struct {
			A string `json:"a"`
		}](), `b: is declared, but struct { A string "json:\"a\"" } lacks it`},
		{"a field that is not declared", nil, reflect.TypeFor[struct {
			A string `json:"a"`
		}](), `a: is in struct { A string "json:\"a\"" }, but not declared`},
		{"a field without a name in JSON", nil, reflect.TypeFor[struct{ A string }](), `A: is in struct { A string }, but not declared`},
		{"an unexported field is Go's own affair", []Field{text("a")}, reflect.TypeFor[struct {
			A       string `json:"a"`
			pattern *regexp.Regexp
		}](), ""},
		{"an option in the tag", []Field{text("a")}, reflect.TypeFor[struct {
			A string `json:"a,omitempty"`
		}](), ""},
		{"a scalar of another type", []Field{text("a")}, reflect.TypeFor[struct {
			A int `json:"a"`
		}](), "a: is string, but Go has int"},
		{"an integer too small for Kong's", []Field{{Name: "a", Kind: Integer}}, reflect.TypeFor[struct {
			A int32 `json:"a"`
		}](), "a: is integer, but Go has int32"},
		{"elements of another type", []Field{{Name: "a", Kind: Array, Elements: &Field{Kind: String}}}, reflect.TypeFor[struct {
			A []bool `json:"a"`
		}](), "a[]: is string, but Go has bool"},
		{"a list that is none", []Field{{Name: "a", Kind: Set, Elements: &Field{Kind: String}}}, reflect.TypeFor[struct {
			A string `json:"a"`
		}](), "a: is set, but Go has string"},
		{"a map that is none", []Field{{Name: "a", Kind: Map, Values: &Field{Kind: String}}}, reflect.TypeFor[struct {
			A []string `json:"a"`
		}](), "a: is a map, but Go has []string"},
		{"values of another type", []Field{{Name: "a", Kind: Map, Values: &Field{Kind: Number}}}, reflect.TypeFor[struct {
			A map[string]string `json:"a"`
		}](), "a.*: is number, but Go has string"},
		{"a record that is none", []Field{{Name: "a", Kind: Object}}, reflect.TypeFor[struct {
			A string `json:"a"`
		}](), "a: is a record, but Go has string"},
		{"every difference at once", []Field{text("a")}, reflect.TypeFor[struct {
			C, B int
		}](), "a: is declared, but struct { C int; B int } lacks it; B: is in struct { C int; B int }, but not declared; C: is in struct { C int; B int }, but not declared"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := ""
			if err := (Record{Fields: row.fields}).Conform(row.goType); err != nil {
				got = err.Error()
			}
			if got != row.want {
				t.Errorf("Conform\n%s, want\n%s", got, row.want)
			}
		})
	}
}
