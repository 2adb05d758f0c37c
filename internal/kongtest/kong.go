package kongtest

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"tollgate/internal/kong"
	"tollgate/internal/plugin"
)

// Consumer is a consumer in Kong's database.
type Consumer struct {
	ID, Username, CustomID string
	Tags                   []string
}

// Kong is the state of Kong for one request.
type Kong struct {
	// Headers are the request's headers by lower-case name. A value that is not UTF-8 makes
	// kong.request.get_headers unreadable for go-pdk, as in Kong; Request.Headers reads it.
	Headers map[string][]string
	// Vars are nginx variables; kong_request_id is RequestID where it is not set.
	Vars map[string]string
	// Consumer is the authenticated consumer, nil for none.
	Consumer *Consumer
	// CredentialID is the authenticated credential's, empty for none.
	CredentialID string
	// RouteID and ServiceID are what the request matched; ServiceID is empty for a route without one.
	RouteID, ServiceID string
	// Consumers are those that load_consumer finds, by id or by username.
	Consumers []Consumer
	// PeerIP and ForwardedIP are the addresses of the TCP peer and of the client.
	PeerIP, ForwardedIP string
	// Shared is kong.ctx.shared before the event.
	Shared map[string]any
	// Abort names methods on which Kong ends the event: the connection closes.
	Abort map[string]bool
	// Garble names methods whose reply Go cannot read.
	Garble map[string]bool
	// Scope is what the instance is bound to.
	Scope kong.Scope
}

// RequestID is the id of every request.
const RequestID = "0123456789abcdef0123456789abcdef"

// Outcome is what a handler did to a request.
type Outcome struct {
	// Calls are the methods called, in order.
	Calls []string
	// Exit is the answer that the handler gave, nil where the request went on.
	Exit *Exit
	// ResponseHeaders were set on the response, UpstreamHeaders on the request to the upstream.
	ResponseHeaders, UpstreamHeaders map[string][]string
	// Cleared are the upstream request's headers that were removed.
	Cleared []string
	// Logs were written to Kong's error log.
	Logs []Log
	// LogMembers were added to the access log.
	LogMembers map[string]any
	// Shared is kong.ctx.shared after the event.
	Shared map[string]any
	// ConsumerID and CredentialID are what the handler authenticated.
	ConsumerID, CredentialID string
	// Aborted tells that Kong ended the event because of a call.
	Aborted bool
}

// Exit is an answer given in place of the upstream's.
type Exit struct {
	Status  int
	Body    []byte
	Headers map[string][]string
}

// Log is one line in Kong's error log.
type Log struct{ Level, Text string }

// Run lets h handle one request and returns what it did.
func (k *Kong) Run(tb testing.TB, h plugin.Handler) Outcome {
	tb.Helper()
	server, client := net.Pipe()
	p := &peer{kong: k, conn: server, outcome: newOutcome(k)}
	done := make(chan error, 1)
	go func() { done <- p.serve(); _ = server.Close() }()

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r := kong.NewRequest(client)
	r.Scope = k.Scope
	h.Access(ctx, r)
	_ = client.Close()
	if err := <-done; err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrClosedPipe) {
		tb.Errorf("playing Kong: %v", err)
	}
	return p.outcome
}

func newOutcome(k *Kong) Outcome {
	shared := map[string]any{}
	for key, value := range k.Shared {
		shared[key] = value
	}
	return Outcome{
		ResponseHeaders: map[string][]string{}, UpstreamHeaders: map[string][]string{},
		LogMembers: map[string]any{}, Shared: shared,
	}
}
