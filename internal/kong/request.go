// Package kong is Kong's PDK as the plugins use it: go-pdk's own API, and beside it typed access to
// what go-pdk does not wrap or wraps dearly.
package kong

import (
	"fmt"
	"net"

	"github.com/Kong/go-pdk"
	"github.com/Kong/go-pdk/bridge"
	"github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"tollgate/internal/problem"
)

// Request is one request in Kong's access phase. Its methods talk to Kong over the plugin socket;
// those that return nothing, or only an error, are not waited for, and their error is always that
// of the connection, never Kong's.
type Request struct {
	*pdk.PDK
	// Scope is what the plugin's instance is bound to.
	Scope Scope
	conn  net.Conn
}

// Scope names the entities that an instance of a plugin is bound to in Kong; empty where it is not.
type Scope struct {
	RouteID, ServiceID, ConsumerID string
	// InstanceName is the plugin's instance_name.
	InstanceName string
}

// NewRequest returns a Request that speaks the plugin protocol over conn.
func NewRequest(conn net.Conn) *Request { return &Request{PDK: pdk.Init(conn), conn: conn} }

// MaxHeaders is the largest number of headers that Kong hands out (kong.request.get_headers).
const MaxHeaders = 1000

// idVariable is nginx's variable with Kong's id of the request.
const idVariable = "kong_request_id"

// ahead is a connection that can make a call before its answer is asked for.
type ahead interface {
	Ahead(method string, args []byte)
}

// ExpectID has the request's id asked for together with the next question: ID, and Reject with it, then wait
// for nothing. It costs Kong a call where neither follows.
func (r *Request) ExpectID() {
	if conn, ok := r.conn.(ahead); ok {
		if args, err := proto.Marshal(bridge.WrapString(idVariable)); err == nil {
			conn.Ahead("kong.nginx.get_var", args)
		}
	}
}

// ID returns Kong's id of the request, as in its log and in X-Kong-Request-Id; empty on any error,
// since no answer fails for want of it.
func (r *Request) ID() string {
	id, err := r.Nginx.GetVar(idVariable)
	if err != nil {
		return ""
	}
	return id
}

// Header is one header field.
type Header struct{ Name, Value string }

// SetResponseHeaders sets headers on whatever response the client gets, in one call.
func (r *Request) SetResponseHeaders(headers ...Header) error {
	return r.ask("kong.response.set_headers", headerStruct(headers))
}

// SetUpstreamHeaders sets headers on the request to the upstream, in one call.
func (r *Request) SetUpstreamHeaders(headers ...Header) error {
	return r.ask("kong.service.request.set_headers", headerStruct(headers))
}

// headerStruct sends single values as strings: lists cost both sides more.
func headerStruct(headers []Header) *structpb.Struct {
	fields := make(map[string]*structpb.Value, len(headers))
	for _, h := range headers {
		fields[h.Name] = structpb.NewStringValue(h.Value)
	}
	return &structpb.Struct{Fields: fields}
}

// SetShared puts a value into kong.ctx.shared, for the plugins that run later on this request. Kong
// turns numbers into float64, an empty list into an empty map, and drops false.
func (r *Request) SetShared(key string, value any) error {
	return r.setValue("kong.ctx.shared.set", key, value)
}

// Shared reads a value from kong.ctx.shared; nil where there is none.
func (r *Request) Shared(key string) (any, error) {
	value, err := r.Ctx.AskValue("kong.ctx.shared.get", bridge.WrapString(key))
	if err != nil {
		return nil, fmt.Errorf("asking for ctx.shared.%s: %w", key, err)
	}
	return value, nil
}

// SetLogMember adds a member to the JSON of Kong's log plugins; dots in key nest.
func (r *Request) SetLogMember(key string, value map[string]any) error {
	return r.setValue("kong.log.set_serialize_value", key, value)
}

// SetLogValue puts a text in place of a member of that JSON, such as request.headers.x-token; dots in key nest.
func (r *Request) SetLogValue(key, value string) error {
	return r.setValue("kong.log.set_serialize_value", key, value)
}

func (r *Request) setValue(method, key string, value any) error {
	v, err := structpb.NewValue(value)
	if err != nil {
		return fmt.Errorf("encoding %s for Kong: %w", key, err)
	}
	return r.ask(method, &kong_plugin_protocol.KV{K: key, V: v})
}

func (r *Request) ask(method string, args proto.Message) error {
	return r.Log.Ask(method, args, nil)
}

// Reject ends the request with a problem, to which it adds the request id unless the caller knew it.
// Return right after it: Kong answers nothing that comes later.
func (r *Request) Reject(p problem.Problem, headers ...Header) {
	if p.RequestID == "" {
		p.RequestID = r.ID()
	}
	fields := headerStruct(append(headers, Header{"Content-Type", problem.ContentType}))
	r.Exit(p.Status, p.JSON(), fields)
}

// Exit ends the request with an answer. Return right after it.
func (r *Request) Exit(status int, body []byte, headers *structpb.Struct) {
	args := &kong_plugin_protocol.ExitArgs{Status: int32(status), Body: body, Headers: headers}
	_ = r.ask("kong.response.exit", args) // Kong never replies to it
	_ = r.Response.Close()
}
