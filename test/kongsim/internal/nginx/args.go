package nginx

import (
	"net/url"
	"slices"
	"strings"

	"tollgate/test/kongsim/internal/lua"
)

// MaxArgs is Kong's lua_max_uri_args.
const MaxArgs = 100

// DecodeArgs is ngx.req.get_uri_args: an argument without "=" is true, one
// that came more than once is a list, and no more than limit are read.
func DecodeArgs(query string, limit int) map[string]any {
	args := map[string]any{}
	read := 0
	for part := range strings.SplitSeq(query, "&") {
		name, value, found := strings.Cut(part, "=")
		if name == "" {
			continue
		}
		if read == limit {
			break
		}
		read++
		var decoded any = true
		if found {
			decoded = unescape(value)
		}
		addArg(args, unescape(name), decoded)
	}
	return args
}

func addArg(args map[string]any, name string, value any) {
	switch have := args[name].(type) {
	case nil:
		args[name] = value
	case []any:
		args[name] = append(have, value)
	default:
		args[name] = []any{have, value}
	}
}

// unescape leaves a broken %-sequence as it stands.
func unescape(s string) string {
	s = strings.ReplaceAll(s, "+", " ")
	return decodeEscapes(s, func(byte) bool { return true })
}

// EncodeArgs is kong.service.request.set_query's form: one name after the
// other in sorted order.
func EncodeArgs(args map[string]any) string {
	var parts []string
	for name, value := range args {
		parts = append(parts, encodeArg(url.QueryEscape(name), value))
	}
	slices.Sort(parts)
	return strings.Join(parts, "&")
}

func encodeArg(name string, value any) string {
	switch value := value.(type) {
	case bool:
		return name
	case []any:
		parts := make([]string, len(value))
		for i, v := range value {
			parts[i] = encodeArg(name, v)
		}
		return strings.Join(parts, "&")
	}
	escaped := strings.ReplaceAll(url.QueryEscape(lua.ToString(value)), "+", "%20")
	return name + "=" + escaped
}

// RemoveArg takes every argument of that name out of a query.
func RemoveArg(query, name string) string {
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		if key, _, _ := strings.Cut(part, "="); unescape(key) != name {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "&")
}
