package nginx

import "strings"

// Var is $http_NAME, from an earlier reading if nginx has kept one.
func (h *Headers) Var(name string) (string, bool) {
	want := underscored(name)
	if !h.index.has(want) {
		return h.join(want)
	}
	kept, ok := h.readings[want]
	if !ok {
		kept.value, kept.found = h.join(want)
		h.readings[want] = kept
	}
	return kept.value, kept.found
}

// join takes every line whose name matches when dashes are read as
// underscores, and joins them as nginx 1.23 and later do.
func (h *Headers) join(want string) (string, bool) {
	var values []string
	for _, f := range h.fields {
		if underscored(f.Name) == want {
			values = append(values, f.Value)
		}
	}
	separator := ", "
	if want == "cookie" {
		separator = "; "
	}
	return strings.Join(values, separator), len(values) > 0
}

func underscored(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "-", "_")
}

// Table is ngx.req.get_headers: lower-case names, a list where one came more
// than once, and no more than limit lines.
func (h *Headers) Table(limit int) map[string]any {
	table := make(map[string]any, len(h.fields))
	for i, f := range h.fields {
		if i == limit {
			break
		}
		name := strings.ToLower(f.Name)
		switch have := table[name].(type) {
		case nil:
			table[name] = f.Value
		case string:
			table[name] = []any{have, f.Value}
		case []any:
			table[name] = append(have, f.Value)
		}
	}
	return table
}

// Lookup finds name in such a table as its metatable does: as it is written,
// then in lower case with dashes for underscores. Of a list it is the first.
func Lookup(table map[string]any, name string) (string, bool) {
	switch value := Entry(table, name).(type) {
	case string:
		return value, true
	case []any:
		first, ok := value[0].(string)
		return first, ok
	}
	return "", false
}

// Entry is Lookup before a list is reduced to its first member.
func Entry(table map[string]any, name string) any {
	if value, ok := table[name]; ok {
		return value
	}
	return table[strings.ReplaceAll(strings.ToLower(name), "_", "-")]
}

// Get is kong.request.get_header: $http_NAME, unless that could be several
// lines, in which case the first line of the table counts. So a header sent
// twice under an underscored name is not found under the dashed one.
func (h *Headers) Get(name string) (string, bool) {
	value, ok := h.Var(name)
	if !ok || !strings.Contains(value, ", ") {
		return value, ok
	}
	return Lookup(h.Table(MaxHeaders), name)
}
