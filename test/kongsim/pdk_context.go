package kongsim

import (
	"fmt"
	"strconv"
	"strings"

	"tollgate/test/kongsim/internal/nginx"
)

func contextMethods() map[string]method {
	return map[string]method{
		"kong.ctx.shared.get": withText(anyPhase, func(x *exchange, key string) ([]byte, error) { return valueReply(x.shared[key]), nil }),
		"kong.ctx.shared.set": withPair(anyPhase, func(x *exchange, key string, value any) error { return assign(x.shared, key, value) }),
		"kong.nginx.get_ctx":  withText(anyPhase, func(x *exchange, key string) ([]byte, error) { return valueReply(x.ctx[key]), nil }),
		"kong.nginx.set_ctx":  withPair(anyPhase, func(x *exchange, key string, value any) error { return assign(x.ctx, key, value) }),
		"kong.nginx.get_var":  withText(anyPhase, getVar),
		"kong.nginx.req_start_time": asks(anyPhase, func(x *exchange) []byte {
			return numberReply(float64(x.started.UnixMilli()) / 1000)
		}),
		"kong.nginx.get_subsystem":        asks(anyPhase, func(*exchange) []byte { return textReply("http") }),
		"kong.nginx.get_tls1_version_str": asks(anyPhase, func(*exchange) []byte { return nil }),
		"kong.node.get_id":                asks(anyPhase, func(x *exchange) []byte { return textReply(x.gateway.nodeID) }),
	}
}

// assign is Lua's: nil removes.
func assign(table map[string]any, key string, value any) error {
	if value == nil {
		delete(table, key)
	} else {
		table[key] = value
	}
	return nil
}

// getVar answers an unknown variable with "", as ngx.var's nil arrives.
func getVar(x *exchange, name string) ([]byte, error) {
	if header, ok := strings.CutPrefix(name, "http_"); ok {
		value, _ := x.headers.Var(header)
		return textReply(value), nil
	}
	if arg, ok := strings.CutPrefix(name, "arg_"); ok {
		return textReply(x.rawArg(arg)), nil
	}
	if get, ok := variables[name]; ok {
		return textReply(get(x)), nil
	}
	return nil, nil
}

// variables are nginx's, those that a plugin may have a use for.
var variables = map[string]func(x *exchange) string{
	"kong_request_id":    func(x *exchange) string { return x.id },
	"request_id":         func(x *exchange) string { return x.id },
	"request":            func(x *exchange) string { return fmt.Sprintf("%s %s %s", x.in.Method, x.in.RequestURI, x.in.Proto) },
	"request_method":     func(x *exchange) string { return x.method },
	"request_uri":        func(x *exchange) string { return x.in.RequestURI },
	"uri":                func(x *exchange) string { return nginx.DecodePath(x.path()) },
	"document_uri":       func(x *exchange) string { return nginx.DecodePath(x.path()) },
	"args":               func(x *exchange) string { return x.query },
	"query_string":       func(x *exchange) string { return x.query },
	"host":               func(x *exchange) string { return x.host() },
	"scheme":             func(*exchange) string { return "http" },
	"https":              func(*exchange) string { return "" },
	"server_protocol":    func(x *exchange) string { return x.in.Proto },
	"server_port":        func(x *exchange) string { return strconv.Itoa(x.gateway.port) },
	"server_name":        func(*exchange) string { return "kong" },
	"remote_addr":        func(x *exchange) string { return x.client.Addr().String() },
	"remote_port":        func(x *exchange) string { return strconv.Itoa(int(x.client.Port())) },
	"realip_remote_addr": func(x *exchange) string { return x.peer.Addr().String() },
	"realip_remote_port": func(x *exchange) string { return strconv.Itoa(int(x.peer.Port())) },
	"content_type":       func(x *exchange) string { value, _ := x.headers.Var("content-type"); return value },
	"content_length":     func(x *exchange) string { value, _ := x.headers.Var("content-length"); return value },
	"upstream_scheme":    func(x *exchange) string { return x.upstream.scheme },
	"upstream_uri":       func(x *exchange) string { return x.upstream.path },
	"upstream_host":      func(x *exchange) string { return x.upstream.header },
	"kong_proxy_mode":    func(*exchange) string { return "http" },
}

// rawArg is $arg_NAME: the first one, not decoded.
func (x *exchange) rawArg(name string) string {
	for part := range strings.SplitSeq(x.query, "&") {
		if key, value, ok := strings.Cut(part, "="); ok && strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}
