// Package kong is Kong's PDK as the plugins use it: go-pdk's own API, and beside it typed access to
// what go-pdk does not wrap or wraps dearly.
package kong

import (
	"fmt"
	"net"
	"unicode/utf8"

	"github.com/Kong/go-pdk"
	"github.com/Kong/go-pdk/bridge"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

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
	args  []byte // of the latest call that was encoded here
	heads headers
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

// largestKept is the capacity up to which the arguments' buffer is kept for the next call.
const largestKept = 64 << 10

// idVariable is nginx's variable with Kong's id of the request.
const idVariable = "kong_request_id"

// pipeline is a connection that takes whole calls, sends them without waiting, and ahead of their use.
type pipeline interface {
	Ask(method string, args []byte) (reply []byte, err error)
	Send(method string, args []byte) error
	Ahead(method string, args []byte)
}

// ID returns Kong's id of the request, as in its log and in X-Kong-Request-Id; empty on any error,
// since no answer fails for want of it.
func (r *Request) ID() string {
	id, err := r.Var(idVariable)
	if err != nil {
		return ""
	}
	return id
}

// Var returns a variable of nginx; empty where it is not set.
func (r *Request) Var(name string) (string, error) {
	r.args = appendText(r.args[:0], stringText, name)
	return r.text("kong.nginx.get_var", r.args)
}

// Peer returns the address of the TCP peer: the load balancer's, where there is one.
func (r *Request) Peer() (string, error) { return r.text("kong.client.get_ip", nil) }

// text makes a call whose reply is a text.
func (r *Request) text(method string, args []byte) (text string, err error) {
	reply, err := r.question(method, args)
	if err == nil {
		text, err = decodeText(fields(reply))
	}
	if err != nil {
		return "", fmt.Errorf("calling %s: %w", method, err)
	}
	return text, nil
}

// decodeText reads a kong_plugin_protocol.String.
func decodeText(message fields) (text string, err error) {
	for len(message) > 0 {
		f, err := message.next()
		if err != nil {
			return "", err
		}
		if f.number == stringText {
			text = string(f.content)
		}
	}
	return text, nil
}

// Header is one header field.
type Header struct{ Name, Value string }

// SetResponseHeaders sets headers on whatever response the client gets, in one call. Put last what changes
// with each request: see encode.go.
func (r *Request) SetResponseHeaders(headers ...Header) error {
	r.args = appendHeaders(r.args[:0], headers)
	return r.send("kong.response.set_headers")
}

// SetUpstreamHeaders sets headers on the request to the upstream, in one call.
func (r *Request) SetUpstreamHeaders(headers ...Header) error {
	r.args = appendHeaders(r.args[:0], headers)
	return r.send("kong.service.request.set_headers")
}

// ClearUpstreamHeader takes a header off the request to the upstream.
func (r *Request) ClearUpstreamHeader(name string) error {
	r.args = appendText(r.args[:0], stringText, name)
	return r.send("kong.service.request.clear_header")
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

// SetLogRecord is SetLogMember for an object of texts, numbers and truths, without the cost of a map.
func (r *Request) SetLogRecord(key string, members ...Member) error {
	for i := range members {
		if !utf8.ValidString(members[i].text) {
			return fmt.Errorf("encoding %s for Kong: %w", key, errNotUTF8)
		}
	}
	r.args = appendRecord(r.args[:0], key, members)
	return r.send("kong.log.set_serialize_value")
}

// SetLogValue puts a text in place of a member of that JSON, such as request.headers.x-token; dots in key nest.
func (r *Request) SetLogValue(key, value string) error {
	return r.setValue("kong.log.set_serialize_value", key, value)
}

func (r *Request) setValue(method, key string, value any) error {
	var err error
	if r.args, err = appendKV(r.args[:0], key, value); err != nil {
		return fmt.Errorf("encoding %s for Kong: %w", key, err)
	}
	return r.send(method)
}

// question makes a call and returns the reply, which is valid until the next call.
func (r *Request) question(method string, args []byte) ([]byte, error) {
	if conn, ok := r.conn.(pipeline); ok {
		return conn.Ask(method, args)
	}
	reply := &emptypb.Empty{} // keeps the bytes that it does not know
	err := r.Log.Ask(method, raw(args), reply)
	return reply.ProtoReflect().GetUnknown(), err
}

// raw is a message that encodes as these bytes.
func raw(content []byte) proto.Message {
	m := &emptypb.Empty{}
	m.ProtoReflect().SetUnknown(content)
	return m
}

// send makes a call with the arguments in r.args that nobody waits for where the connection can do so.
func (r *Request) send(method string) error {
	args := r.args
	if cap(args) > largestKept {
		r.args = nil
	}
	if conn, ok := r.conn.(pipeline); ok {
		return conn.Send(method, args)
	}
	return r.Log.Ask(method, raw(args), nil)
}

// Reject ends the request with a problem, to which it adds the request id unless the caller knew it.
// Return right after it: Kong answers nothing that comes later.
func (r *Request) Reject(p problem.Problem, headers ...Header) {
	if p.RequestID == "" {
		p.RequestID = r.ID()
	}
	r.Exit(p.Status, p.JSON(), append(headers, Header{"Content-Type", problem.ContentType})...)
}

// Exit ends the request with an answer. Return right after it.
func (r *Request) Exit(status int, body []byte, headers ...Header) {
	r.args = appendExit(r.args[:0], status, body, headers)
	_ = r.send("kong.response.exit") // Kong never replies to it
	_ = r.Response.Close()
}
