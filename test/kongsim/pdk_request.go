package kongsim

import (
	"fmt"
	"strconv"
	"strings"

	protocol "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/types/known/emptypb"

	"tollgate/test/kongsim/internal/nginx"
)

func requestMethods() map[string]method {
	text := func(get func(x *exchange) string) method {
		return asks(requestPhases, func(x *exchange) []byte { return textReply(get(x)) })
	}
	return map[string]method{
		"kong.request.get_scheme":           text(func(*exchange) string { return "http" }),
		"kong.request.get_host":             text((*exchange).host),
		"kong.request.get_port":             asks(anyPhase, func(x *exchange) []byte { return intReply(x.gateway.port) }),
		"kong.request.get_forwarded_scheme": text(func(x *exchange) string { return strings.ToLower(x.trusted("X-Forwarded-Proto", "http")) }),
		"kong.request.get_forwarded_host":   text(forwardedHost),
		"kong.request.get_forwarded_port":   asks(requestPhases, func(x *exchange) []byte { return intReply(forwardedPort(x)) }),
		"kong.request.get_http_version":     asks(requestPhases, func(x *exchange) []byte { return numberReply(x.httpVersion()) }),
		"kong.request.get_method":           text(func(x *exchange) string { return x.method }),
		"kong.request.get_path":             text((*exchange).normalPath),
		"kong.request.get_path_with_query":  text(func(x *exchange) string { return x.in.RequestURI }),
		"kong.request.get_raw_query":        text(func(x *exchange) string { return x.query }),
		"kong.request.get_query_arg":        withText(requestPhases, getQueryArg),
		"kong.request.get_query":            takes(requestPhases, getQuery),
		"kong.request.get_header":           withText(requestPhases, getHeader),
		"kong.request.get_headers":          takes(requestPhases, getHeaders),
		"kong.request.get_raw_body":         takes(beforeContent, getRawBody),
		"kong.request.get_uri_captures":     asks(requestPhases, getURICaptures),
	}
}

// trusted is a forwarded header as the PDK looks for it, by $http_NAME.
func (x *exchange) trusted(header, fallback string) string {
	if x.gateway.realIP.IsTrusted(x.peer.Addr().String()) {
		if value, ok := x.headers.Get(header); ok {
			return value
		}
	}
	return fallback
}

func forwardedHost(x *exchange) string {
	host := x.trusted("X-Forwarded-Host", "")
	if host == "" {
		return x.host()
	}
	host, _, _ = strings.Cut(afterUserinfo(host), ":")
	return strings.ToLower(host)
}

func afterUserinfo(host string) string {
	if _, rest, ok := strings.Cut(host, "@"); ok {
		return rest
	}
	return host
}

func forwardedPort(x *exchange) int {
	_, inHost, _ := strings.Cut(afterUserinfo(x.trusted("X-Forwarded-Host", "")), ":")
	for _, text := range []string{x.trusted("X-Forwarded-Port", ""), inHost} {
		if port, err := strconv.Atoi(text); err == nil && port >= 1 && port <= 65535 {
			return port
		}
	}
	return x.gateway.port
}

func getHeader(x *exchange, name string) ([]byte, error) {
	value, _ := x.headers.Get(name)
	return textReply(value), nil
}

func getHeaders(e *event, arg *protocol.Int) ([]byte, error) {
	if err := checkMax("max_headers", arg.GetV()); err != nil {
		return nil, err
	}
	return tableReply(e.x.headers.Table(int(arg.GetV()))), nil
}

func getQuery(e *event, arg *protocol.Int) ([]byte, error) {
	if err := checkMax("max_args", arg.GetV()); err != nil {
		return nil, err
	}
	return tableReply(nginx.DecodeArgs(e.x.query, int(arg.GetV()))), nil
}

func checkMax(name string, limit int32) error {
	switch {
	case limit < 1:
		return fmt.Errorf("%s must be >= 1", name)
	case limit > 1000:
		return fmt.Errorf("%s must be <= 1000", name)
	}
	return nil
}

// getQueryArg fails on an argument without a value, as Kong does: true cannot
// be encoded as a String.
func getQueryArg(x *exchange, name string) ([]byte, error) {
	value := nginx.DecodeArgs(x.query, nginx.MaxArgs)[name]
	if list, ok := value.([]any); ok {
		value = list[0]
	}
	switch value := value.(type) {
	case nil:
		return nil, nil
	case string:
		return textReply(value), nil
	}
	return nil, fmt.Errorf("string expected for field 'v', got boolean")
}

func getRawBody(e *event, _ *emptypb.Empty) ([]byte, error) {
	if err := e.x.body.load(); err != nil {
		return nil, err
	}
	if e.x.body.file != "" {
		return messageReply(&protocol.RawBodyResult{
			Kind: &protocol.RawBodyResult_BodyFilepath{BodyFilepath: e.x.body.file},
		}), nil
	}
	return messageReply(&protocol.RawBodyResult{Kind: &protocol.RawBodyResult_Content{Content: e.x.body.data}}), nil
}

func getURICaptures(x *exchange) []byte {
	result := &protocol.UriCapturesResult{Named: map[string][]byte{}}
	if x.match == nil {
		return nil
	}
	for _, text := range x.match.Captures.Unnamed {
		result.Unnamed = append(result.Unnamed, []byte(text))
	}
	for name, text := range x.match.Captures.Named {
		result.Named[name] = []byte(text)
	}
	return messageReply(result)
}
