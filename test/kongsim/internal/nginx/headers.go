package nginx

import (
	"net/http"
	"slices"
	"strings"
)

// MaxHeaders is Kong's lua_max_req_headers: what get_headers sees by default.
const MaxHeaders = 100

// Field is one header line.
type Field struct{ Name, Value string }

// Headers are a request's header lines as nginx keeps them, and the variables
// that were read from them.
type Headers struct {
	fields   []Field
	index    *Index
	readings map[string]reading
}

// FromRequest takes the headers of r. Lines whose name nginx finds invalid are
// dropped (ignore_invalid_headers); Go has lost the order among different
// names, so they are sorted. A nil index keeps no readings.
func FromRequest(r *http.Request, index *Index) *Headers {
	h := &Headers{index: index, readings: map[string]reading{}}
	if r.Host != "" {
		h.fields = append(h.fields, Field{"Host", r.Host})
	}
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		if validName(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range r.Header[name] {
			h.fields = append(h.fields, Field{name, value})
		}
	}
	return h
}

// validName allows an underscore, as Kong's underscores_in_headers does.
func validName(name string) bool {
	for _, c := range []byte(name) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return name != ""
}

// unique are the headers that nginx accepts only once.
var unique = []string{
	"authorization", "content-length", "content-range", "expect", "host", "if-match", "if-modified-since",
	"if-none-match", "if-range", "if-unmodified-since", "transfer-encoding",
}

// Duplicate is the name of a header that came twice although it may not.
func (h *Headers) Duplicate() (string, bool) {
	for _, name := range unique {
		if len(h.Values(name)) > 1 {
			return name, true
		}
	}
	return "", false
}

// Fields are all lines.
func (h *Headers) Fields() []Field { return h.fields }

// Values are the values under exactly this name, whatever its case.
func (h *Headers) Values(name string) []string {
	var values []string
	for _, f := range h.fields {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return values
}

// Set replaces the lines under exactly this name; no value clears them. The
// other spelling, with underscores, stays: ngx.req.set_header works so.
func (h *Headers) Set(name string, values ...string) {
	h.index.drop(underscored(name))
	h.replace(name, values)
}

// Clear is ngx.req.clear_header, which forgets no reading.
func (h *Headers) Clear(name string) { h.replace(name, nil) }

func (h *Headers) replace(name string, values []string) {
	at := slices.IndexFunc(h.fields, func(f Field) bool { return strings.EqualFold(f.Name, name) })
	if at < 0 {
		at = len(h.fields)
	}
	lines := make([]Field, len(values))
	for i, value := range values {
		lines[i] = Field{name, value}
	}
	kept := slices.DeleteFunc(h.fields, func(f Field) bool { return strings.EqualFold(f.Name, name) })
	h.fields = slices.Insert(kept, min(at, len(kept)), lines...)
}
