package kongtest

import (
	"fmt"
	"unicode/utf8"

	"github.com/Kong/go-pdk/bridge"
	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// handlers are the PDK calls that the plugins use.
var handlers = map[string]func(*peer, []byte) (proto.Message, error){
	"kong.client.get_ip":           func(p *peer, _ []byte) (proto.Message, error) { return text(p.kong.PeerIP), nil },
	"kong.client.get_forwarded_ip": func(p *peer, _ []byte) (proto.Message, error) { return text(p.kong.ForwardedIP), nil },
	"kong.client.get_consumer":     (*peer).getConsumer,
	"kong.client.get_credential":   (*peer).getCredential,
	"kong.client.load_consumer":    (*peer).loadConsumer,
	"kong.client.authenticate":     (*peer).authenticate,
	"kong.router.get_route":        (*peer).getRoute,
	"kong.router.get_service":      (*peer).getService,
	"kong.nginx.get_var":           (*peer).getVar,
	"kong.request.get_header":      (*peer).getHeader,
	"kong.request.get_headers":     (*peer).getHeaders,
	"kong.ctx.shared.get":          (*peer).getShared,
	"kong.ctx.shared.set":          (*peer).setShared,
	"kong.log.set_serialize_value": (*peer).setLogMember,
	"kong.response.exit":           (*peer).exit,
	"kong.response.set_header":     func(p *peer, args []byte) (proto.Message, error) { return nil, set(p.outcome.ResponseHeaders, args) },
	"kong.response.set_headers":    func(p *peer, args []byte) (proto.Message, error) { return nil, setAll(p.outcome.ResponseHeaders, args) },
	"kong.service.request.set_header": func(p *peer, args []byte) (proto.Message, error) {
		return nil, set(p.outcome.UpstreamHeaders, args)
	},
	"kong.service.request.set_headers": func(p *peer, args []byte) (proto.Message, error) {
		return nil, setAll(p.outcome.UpstreamHeaders, args)
	},
	"kong.service.request.clear_header": (*peer).clearHeader,
}

func (p *peer) getConsumer([]byte) (proto.Message, error) {
	if p.kong.Consumer == nil {
		return nil, nil
	}
	return p.kong.Consumer.message(), nil
}

func (p *peer) getCredential([]byte) (proto.Message, error) {
	if p.kong.CredentialID == "" {
		return nil, nil
	}
	return &pb.AuthenticatedCredential{Id: p.kong.CredentialID}, nil
}

func (p *peer) getRoute([]byte) (proto.Message, error) {
	return &pb.Route{Id: p.kong.RouteID}, nil
}

func (p *peer) getService([]byte) (proto.Message, error) {
	if p.kong.ServiceID == "" {
		return nil, nil
	}
	return &pb.Service{Id: p.kong.ServiceID}, nil
}

func (p *peer) loadConsumer(args []byte) (proto.Message, error) {
	spec, err := decode[pb.ConsumerSpec](args)
	if err != nil {
		return nil, err
	}
	for _, c := range p.kong.Consumers {
		if c.ID == spec.GetId() || spec.GetByUsername() && c.Username == spec.GetId() {
			return c.message(), nil
		}
	}
	return nil, nil
}

func (c Consumer) message() *pb.Consumer {
	return &pb.Consumer{Id: c.ID, Username: c.Username, CustomId: c.CustomID, Tags: c.Tags}
}

func (p *peer) authenticate(args []byte) (proto.Message, error) {
	a, err := decode[pb.AuthenticateArgs](args)
	if err != nil {
		return nil, err
	}
	p.outcome.ConsumerID, p.outcome.CredentialID = a.GetConsumer().GetId(), a.GetCredential().GetId()
	return nil, nil
}

func (p *peer) getVar(args []byte) (proto.Message, error) {
	name, err := decode[pb.String](args)
	if err != nil {
		return nil, err
	}
	value, ok := p.kong.Vars[name.GetV()]
	if !ok && name.GetV() == "kong_request_id" {
		value = RequestID
	}
	return text(value), nil
}

func (p *peer) getHeader(args []byte) (proto.Message, error) {
	name, err := decode[pb.String](args)
	if err != nil || len(p.kong.Headers[name.GetV()]) == 0 {
		return text(""), err
	}
	value := p.kong.Headers[name.GetV()][0]
	if !utf8.ValidString(value) {
		return raw(appendField(nil, 1, []byte(value))), nil
	}
	return text(value), nil
}

// getHeaders answers with the wire form of a google.protobuf.Struct, a single value as a string and
// several as a list. Go's protobuf refuses to encode bytes that are not UTF-8, lua-protobuf does not.
func (p *peer) getHeaders([]byte) (proto.Message, error) {
	var message []byte
	for name, values := range p.kong.Headers {
		if len(values) == 0 {
			continue
		}
		value := stringValue(values[0])
		if len(values) > 1 {
			var list []byte
			for _, v := range values {
				list = appendField(list, 1, stringValue(v))
			}
			value = appendField(nil, 6, list)
		}
		message = appendField(message, 1, appendField(appendField(nil, 1, []byte(name)), 2, value))
	}
	return raw(message), nil
}

func stringValue(text string) []byte { return appendField(nil, 3, []byte(text)) }

func appendField(message []byte, number protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(message, number, protowire.BytesType), content)
}

// raw is a message that marshals to these bytes.
func raw(content []byte) proto.Message {
	m := &emptypb.Empty{}
	m.ProtoReflect().SetUnknown(content)
	return m
}

func (p *peer) getShared(args []byte) (proto.Message, error) {
	key, err := decode[pb.String](args)
	if err != nil {
		return nil, err
	}
	return structpb.NewValue(p.outcome.Shared[key.GetV()])
}

func (p *peer) setShared(args []byte) (proto.Message, error) {
	return nil, keep(p.outcome.Shared, args)
}

func (p *peer) setLogMember(args []byte) (proto.Message, error) {
	return nil, keep(p.outcome.LogMembers, args)
}

func (p *peer) exit(args []byte) (proto.Message, error) {
	a, err := decode[pb.ExitArgs](args)
	if err != nil {
		return nil, err
	}
	p.outcome.Exit = &Exit{Status: int(a.GetStatus()), Body: a.GetBody(), Headers: bridge.UnwrapHeaders(a.GetHeaders())}
	return nil, nil
}

func (p *peer) clearHeader(args []byte) (proto.Message, error) {
	name, err := decode[pb.String](args)
	p.outcome.Cleared = append(p.outcome.Cleared, name.GetV())
	return nil, err
}

func keep(into map[string]any, args []byte) error {
	kv, err := decode[pb.KV](args)
	if err != nil {
		return err
	}
	into[kv.GetK()] = kv.GetV().AsInterface()
	return nil
}

func set(into map[string][]string, args []byte) error {
	kv, err := decode[pb.KV](args)
	if err != nil {
		return err
	}
	value, ok := kv.GetV().AsInterface().(string)
	if !ok {
		return fmt.Errorf("header %s is no string", kv.GetK())
	}
	into[kv.GetK()] = []string{value}
	return nil
}

func setAll(into map[string][]string, args []byte) error {
	headers, err := decode[structpb.Struct](args)
	if err != nil {
		return err
	}
	for name, values := range bridge.UnwrapHeaders(headers) {
		into[name] = values
	}
	return nil
}
