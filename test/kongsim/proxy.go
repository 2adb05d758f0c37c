package kongsim

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// clientLeft is nginx's status for a client that did not wait.
const clientLeft = 499

// newTransport does not verify certificates: Kong's service has tls_verify
// unset, and then nginx does not either.
func newTransport() *http.Transport {
	return &http.Transport{
		DisableCompression:  true,
		MaxIdleConnsPerHost: 60, // upstream_keepalive_pool_size is 512, and more than a test needs
		IdleConnTimeout:     60 * time.Second,
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: true}, // as above
	}
}

// errTimeout is the cause of a request that took longer than the service's
// read_timeout.
var errTimeout = errors.New("upstream timed out")

// proxy calls the upstream and hands its response on. Unlike Kong it does not
// try again after a failure.
func (x *exchange) proxy() {
	x.timing.kong = x.sinceStart()
	ctx, cancel := context.WithCancelCause(x.in.Context())
	defer cancel(nil)
	limit := time.Duration(x.service().ReadTimeout) * time.Millisecond
	timer := time.AfterFunc(limit, func() { cancel(errTimeout) })
	request, err := x.upstreamRequest(ctx)
	if err != nil {
		x.upstreamFailed(err)
		return
	}
	response, err := x.gateway.transport.RoundTrip(request)
	timer.Stop()
	x.timing.waiting = x.sinceStart() - x.timing.kong
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		x.upstreamFailed(err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	x.upstreamStatus = response.StatusCode
	x.copyResponse(response)
}

func (x *exchange) upstreamRequest(ctx context.Context) (*http.Request, error) {
	body, err := x.body.reader()
	if err != nil {
		return nil, err
	}
	if x.body.length == 0 {
		body = http.NoBody
	}
	target := &url.URL{
		Scheme:     x.upstream.scheme,
		Host:       net.JoinHostPort(x.upstream.host, strconv.Itoa(x.upstream.port)),
		Opaque:     x.upstream.path, // sent as it is
		RawQuery:   x.query,
		ForceQuery: strings.HasSuffix(x.in.RequestURI, "?"),
	}
	request := &http.Request{
		Method: x.method, URL: target, Host: x.upstream.hostHeader(), Header: x.upstreamHeaders(),
		Body: body, ContentLength: x.body.length,
	}
	return request.WithContext(ctx), nil
}

func (x *exchange) upstreamFailed(err error) {
	switch {
	case x.in.Context().Err() != nil:
		x.status = clientLeft
		x.log("info", "core", "client closed connection while proxying")
	case errors.Is(err, errTimeout):
		x.log("err", "core", err.Error())
		x.send(x.nginxAnswer(504))
	default:
		x.log("err", "core", "upstream: "+err.Error())
		x.send(x.nginxAnswer(502))
	}
}

// copyResponse puts the upstream's headers beside those that plugins set, as
// nginx does; only type and length cannot stand twice.
func (x *exchange) copyResponse(response *http.Response) {
	dropped := append(listed(response.Header.Get("Connection")), responseHops...)
	for _, name := range []string{"Content-Type", "Content-Length"} {
		x.response.Del(name)
	}
	for name, values := range response.Header {
		if slices.Contains(dropped, strings.ToLower(name)) {
			continue
		}
		for _, value := range values {
			x.response.Add(name, value)
		}
	}
	x.response.Set("X-Kong-Upstream-Latency", strconv.FormatInt(x.timing.waiting, 10))
	x.response.Set("X-Kong-Proxy-Latency", strconv.FormatInt(x.timing.kong, 10))
	x.setVia()
	if x.response.Get("Server") == "" {
		x.response.Set("Server", serverName)
	}
	x.writeHead(response.StatusCode)
	received := time.Now()
	// Not by ReadFrom, which would send the end of a small body before the access
	// log has its line.
	if _, err := io.Copy(struct{ io.Writer }{x.out}, response.Body); err != nil {
		x.log("info", "core", "copying the upstream's response: "+err.Error())
	}
	x.timing.receive = time.Since(received).Milliseconds()
}

var responseHops = []string{"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}

func (x *exchange) setVia() {
	via := "1.1 " + serverName
	if before := x.response.Get("Via"); before != "" {
		via = before + ", " + via
	}
	x.response.Set("Via", via)
}
