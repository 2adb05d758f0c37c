package kongsim

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"tollgate/test/kongsim/internal/deck"
	"tollgate/test/kongsim/internal/nginx"
	"tollgate/test/kongsim/internal/router"
	"tollgate/test/kongsim/internal/wire"
)

// exchange is one request on its way through the gateway: ngx.ctx, ngx.var
// and kong.ctx in one. One goroutine works on it.
type exchange struct {
	gateway  *Gateway
	worker   *worker
	snapshot *snapshot
	in       *http.Request
	out      http.ResponseWriter

	id      string
	started time.Time
	peer    netip.AddrPort // realip_remote_addr: who connected
	client  netip.AddrPort // remote_addr: the peer, or whom its header names

	method   string
	query    string         // without "?"
	headers  *nginx.Headers // as plugins have left them
	body     *requestBody
	match    *router.Match
	upstream upstream

	consumer   *consumer
	credential *credential
	shared     map[string]any // kong.ctx.shared
	ctx        map[string]any // ngx.ctx, what plugins have set
	serialize  []serializeValue

	answer         *answer     // decided by a plugin or by Kong; nil while none is
	response       http.Header // set before the response exists
	status         int         // sent
	upstreamStatus int         // 0 while no upstream has answered
	timing         timing

	abandoned []func()
}

// timing holds what Kong puts into headers and log, in milliseconds.
type timing struct {
	kong    int64 // until the answer or the call of the upstream began
	waiting int64 // for the upstream's headers
	receive int64
}

func newExchange(g *Gateway, w http.ResponseWriter, r *http.Request) *exchange {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	peer = netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port())
	worker := g.workers.pick()
	headers := nginx.FromRequest(r, &worker.index)
	x := &exchange{
		gateway:  g,
		worker:   worker,
		snapshot: g.snapshot.Load(),
		in:       r,
		out:      w,
		id:       newRequestID(),
		started:  time.Now(),
		peer:     peer,
		client:   g.realIP.Client(peer, headers),
		method:   r.Method,
		headers:  headers,
		body:     &requestBody{stream: r.Body, length: r.ContentLength},
		shared:   map[string]any{},
		ctx:      map[string]any{},
		response: http.Header{},
	}
	_, x.query, _ = strings.Cut(r.RequestURI, "?")
	return x
}

func newRequestID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

func (x *exchange) route() *deck.Route {
	if x.match == nil {
		return nil
	}
	return x.match.Route
}

func (x *exchange) service() *deck.Service {
	if r := x.route(); r != nil {
		return r.Service
	}
	return nil
}

// scope is what plugin configs are looked up with; it grows when the router
// and an authentication have spoken.
func (x *exchange) scope() scope {
	var s scope
	if r := x.route(); r != nil {
		s.route = r.ID
	}
	if service := x.service(); service != nil {
		s.service = service.ID
	}
	if x.consumer != nil {
		s.consumer = x.consumer.ID
	}
	return s
}

// path is the request's path as the client wrote it.
func (x *exchange) path() string {
	path, _, _ := strings.Cut(x.in.RequestURI, "?")
	return path
}

// normalPath is what routes are matched with.
func (x *exchange) normalPath() string { return nginx.NormalizePath(x.path()) }

// host is $host: lower case, without a port.
func (x *exchange) host() string {
	host := strings.ToLower(x.in.Host)
	if at := strings.LastIndexByte(host, ':'); at >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:at]
	}
	return host
}

// decide ends the phases: no further plugin runs.
func (x *exchange) decide(a *answer) { x.answer = a }

// abandon closes a connection when the request ends, which is when nginx
// closes a cosocket that nobody reads any more.
func (x *exchange) abandon(pool *wire.Pool, c *wire.Conn) {
	x.abandoned = append(x.abandoned, func() { pool.Drop(c) })
}

func (x *exchange) end() {
	for _, drop := range x.abandoned {
		drop()
	}
}

func (x *exchange) log(level, namespace, message string) {
	x.gateway.errors.write(level, fmt.Sprintf("[%s] %s", namespace, message), fmt.Sprintf(
		", client: %s, server: kong, request: %q, host: %q, request_id: %q",
		x.client.Addr(), x.in.Method+" "+x.in.RequestURI+" "+x.in.Proto, x.in.Host, x.id))
}

// sinceStart is in milliseconds, rounded down as Kong's clock is.
func (x *exchange) sinceStart() int64 { return time.Since(x.started).Milliseconds() }
