package kongsim

import (
	"errors"
	"strings"

	protocol "github.com/Kong/go-pdk/server/kong_plugin_protocol"

	"tollgate/test/kongsim/internal/deck"
)

func clientMethods() map[string]method {
	return map[string]method{
		"kong.client.get_ip":             asks(anyPhase, func(x *exchange) []byte { return textReply(x.peer.Addr().String()) }),
		"kong.client.get_forwarded_ip":   asks(anyPhase, func(x *exchange) []byte { return textReply(x.client.Addr().String()) }),
		"kong.client.get_port":           asks(anyPhase, func(x *exchange) []byte { return intReply(int(x.peer.Port())) }),
		"kong.client.get_forwarded_port": asks(anyPhase, func(x *exchange) []byte { return intReply(int(x.client.Port())) }),
		"kong.client.get_credential":     asks(authAndLater, getCredential),
		"kong.client.get_consumer":       asks(authAndLater, getConsumer),
		"kong.client.load_consumer":      takes(authAndLater, loadConsumer),
		"kong.client.authenticate":       takes(accessPhase, pdkAuthenticate),
		"kong.client.get_protocol":       takes(authAndLater, getProtocol),
		"kong.ip.is_trusted": withText(anyPhase, func(x *exchange, ip string) ([]byte, error) {
			return boolReply(x.gateway.realIP.IsTrusted(ip)), nil
		}),
	}
}

func getCredential(x *exchange) []byte {
	if x.credential == nil {
		return nil
	}
	return messageReply(&protocol.AuthenticatedCredential{Id: x.credential.ID, ConsumerId: x.credential.ConsumerID})
}

func getConsumer(x *exchange) []byte {
	if x.consumer == nil {
		return nil
	}
	return messageReply(x.consumer.message())
}

// loadConsumer answers an unknown consumer with an empty frame, which Go reads
// as a zero value.
func loadConsumer(e *event, arg *protocol.ConsumerSpec) ([]byte, error) {
	if !deck.IsUUID(arg.GetId()) && !arg.GetByUsername() {
		return nil, errors.New("cannot load a consumer with an id that is not a uuid")
	}
	found := e.x.loadConsumer(arg.GetId(), arg.GetByUsername())
	if found == nil {
		return nil, nil
	}
	return messageReply(found.message()), nil
}

func pdkAuthenticate(e *event, arg *protocol.AuthenticateArgs) ([]byte, error) {
	if arg.GetConsumer() == nil && arg.GetCredential() == nil {
		return nil, errors.New("either credential or consumer must be provided")
	}
	e.x.consumer = consumerFrom(arg.GetConsumer())
	e.x.credential = credentialFrom(arg.GetCredential())
	return nil, nil
}

// getProtocol finds https only behind a trusted proxy that says so: kongsim
// itself listens without TLS.
func getProtocol(e *event, arg *protocol.Bool) ([]byte, error) {
	protocols := e.x.route().Protocols
	if len(protocols) == 1 {
		return textReply(protocols[0]), nil
	}
	if !arg.GetV() || !e.x.gateway.realIP.IsTrusted(e.x.peer.Addr().String()) {
		return textReply("http"), nil
	}
	proto, _ := e.x.headers.Var("x-forwarded-proto")
	switch {
	case strings.Contains(proto, ","):
		return nil, nil // nil and an error, of which only nil crosses the socket
	case strings.EqualFold(proto, "https"):
		return textReply("https"), nil
	}
	return textReply("http"), nil
}
