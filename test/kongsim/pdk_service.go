package kongsim

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	protocol "github.com/Kong/go-pdk/server/kong_plugin_protocol"

	"tollgate/test/kongsim/internal/nginx"
)

func serviceMethods() map[string]method {
	return map[string]method{
		"kong.router.get_route":   asks(authAndLater, getRoute),
		"kong.router.get_service": asks(authAndLater, getService),

		"kong.service.set_upstream": withText(accessPhase, setUpstream),
		"kong.service.set_target":   takes(toBalancer, setTarget),

		"kong.service.request.set_scheme":    withText(toBalancer, setScheme),
		"kong.service.request.set_path":      withText(toBalancer, setPath),
		"kong.service.request.set_method":    withText(rewriteAccess, setMethod),
		"kong.service.request.set_query":     withTable(rewriteAccess, setQuery),
		"kong.service.request.set_raw_query": withText(rewriteAccess, setRawQuery),
		"kong.service.request.set_raw_body":  takes(toBalancer, setRawBody),
		"kong.service.request.set_header":    withPair(toBalancer, setRequestHeader),
		"kong.service.request.add_header":    withPair(rewriteAccess, addRequestHeader),
		"kong.service.request.set_headers":   withTable(rewriteAccess, setRequestHeaders),
		"kong.service.request.clear_header":  withText(rewriteAccess, clearRequestHeader),
	}
}

func getRoute(x *exchange) []byte {
	r := x.route()
	m := &protocol.Route{
		Id: r.ID, Name: r.Name, Protocols: r.Protocols, Methods: r.Methods, Hosts: r.Hosts, Paths: r.Paths, Tags: r.Tags,
		RegexPriority: int32(r.RegexPriority), StripPath: r.StripPath, PreserveHost: r.PreserveHost,
		HttpsRedirectStatusCode: int32(r.RedirectCode),
		CreatedAt:               x.gateway.loadedAt.Load(), UpdatedAt: x.gateway.loadedAt.Load(),
	}
	if r.Service != nil {
		m.Service = &protocol.ServiceKey{Id: r.Service.ID}
	}
	return messageReply(m)
}

func getService(x *exchange) []byte {
	s := x.service()
	if s == nil {
		return nil
	}
	return messageReply(&protocol.Service{
		Id: s.ID, Name: s.Name, Protocol: s.Protocol, Host: s.Host, Port: int32(s.Port), Path: s.Path, Tags: s.Tags,
		Retries: int32(s.Retries), ConnectTimeout: int32(s.ConnectTimeout), WriteTimeout: int32(s.WriteTimeout), ReadTimeout: int32(s.ReadTimeout),
		CreatedAt: x.gateway.loadedAt.Load(), UpdatedAt: x.gateway.loadedAt.Load(),
	})
}

// setUpstream finds none: the configuration has no upstreams.
func setUpstream(*exchange, string) ([]byte, error) { return boolReply(false), nil }

func setTarget(e *event, arg *protocol.Target) ([]byte, error) {
	if arg.GetPort() < 0 || arg.GetPort() > 65535 {
		return nil, fmt.Errorf("port must be an integer between 0 and 65535: given %d", arg.GetPort())
	}
	u := &e.x.upstream
	u.host, u.port, u.header = arg.GetHost(), int(arg.GetPort()), arg.GetHost()
	return nil, nil
}

func setScheme(x *exchange, scheme string) ([]byte, error) {
	if scheme != "http" && scheme != "https" {
		return nil, errors.New("invalid scheme: " + scheme)
	}
	x.upstream.scheme = scheme
	return nil, nil
}

func setPath(x *exchange, path string) ([]byte, error) {
	if !strings.HasPrefix(path, "/") {
		return nil, errors.New("path must start with /")
	}
	x.upstream.path = nginx.EscapePath(path)
	return nil, nil
}

var acceptedMethods = []string{
	"GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "MKCOL", "COPY", "MOVE", "PROPFIND", "PROPPATCH",
	"LOCK", "UNLOCK", "PATCH", "TRACE",
}

func setMethod(x *exchange, method string) ([]byte, error) {
	if !slices.Contains(acceptedMethods, method) {
		return nil, errors.New("invalid method: " + method)
	}
	x.method = method
	return nil, nil
}

func setQuery(x *exchange, args map[string]any) error {
	x.query = nginx.EncodeArgs(args)
	return nil
}

func setRawQuery(x *exchange, query string) ([]byte, error) {
	x.query = query
	return nil, nil
}

func setRawBody(e *event, arg *protocol.ByteString) ([]byte, error) {
	if err := e.x.body.load(); err != nil {
		return nil, err
	}
	e.x.body.set(arg.GetV())
	return nil, nil
}

func setRequestHeader(x *exchange, name string, value any) error {
	values, err := headerValues(name, value)
	if err == nil {
		x.setRequestHeader(name, values)
	}
	return err
}

// setRequestHeader replaces the header that the upstream and later plugins
// see, in this spelling only.
func (x *exchange) setRequestHeader(name string, values []string) {
	if strings.EqualFold(name, "host") && len(values) > 0 {
		x.upstream.header = values[0]
	}
	x.headers.Set(name, values...)
}

func addRequestHeader(x *exchange, name string, value any) error {
	values, err := headerValues(name, value)
	if err != nil {
		return err
	}
	x.setRequestHeader(name, append(x.headers.Values(name), values...))
	return nil
}

func setRequestHeaders(x *exchange, table map[string]any) error {
	headers, err := headerTable(table)
	if err != nil {
		return err
	}
	for name, values := range headers {
		x.setRequestHeader(name, values)
	}
	return nil
}

func clearRequestHeader(x *exchange, name string) ([]byte, error) {
	x.headers.Clear(name)
	return nil, nil
}
