package tour

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"tollgate/test/echo"
	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

// walk is a tour under way.
type walk struct {
	ctx            context.Context
	sandbox        *sandbox.Sandbox
	client         *http.Client
	out            *printer
	passed, failed int
	err            error // what keeps the tour from going on
}

func newWalk(ctx context.Context, s *sandbox.Sandbox, out *printer) *walk {
	const timeout = 10 * time.Second
	transport := &http.Transport{MaxIdleConnsPerHost: burstWidth}
	return &walk{ctx: ctx, sandbox: s, client: &http.Client{Transport: transport, Timeout: timeout}, out: out}
}

// header is one of a request's, in the order in which it is printed.
type header struct{ name, value string }

// reply is what came back.
type reply struct {
	status  int
	headers http.Header
	body    []byte
}

// upstream is what the echo saw; zero where the request did not reach it.
func (r reply) upstream() (seen echo.Request) {
	if r.status == http.StatusOK {
		_ = json.Unmarshal(r.body, &seen) // a body that is not the echo's has no headers
	}
	return seen
}

// send sends one request; where it does not get through the tour ends.
func (w *walk) send(method, url string, headers []header) reply {
	request, err := http.NewRequestWithContext(w.ctx, method, url, http.NoBody)
	if err != nil {
		w.err = err
		return reply{}
	}
	for _, h := range headers {
		request.Header.Set(h.name, h.value)
	}
	response, err := w.client.Do(request)
	if err != nil {
		w.err = err
		return reply{}
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.err = err
	}
	return reply{response.StatusCode, response.Header, body}
}

// get sends one request to the gateway and prints it and what came back.
func (w *walk) get(path string, headers ...header) reply {
	url := w.sandbox.URL + path
	r := w.send(http.MethodGet, url, headers)
	if w.err == nil {
		w.out.request(http.MethodGet, url, headers)
		w.out.reply(r)
	}
	return r
}

// token mints one for the client.
func (w *walk) token(t issuer.Token) header {
	signed, err := w.sandbox.Issuer.Mint(t)
	if err != nil {
		w.err = err
	}
	return header{"Authorization", "Bearer " + signed}
}

// expect notes and prints whether something is as it should be.
func (w *walk) expect(holds bool, format string, args ...any) {
	if w.err != nil {
		return
	}
	if holds {
		w.passed++
	} else {
		w.failed++
	}
	w.out.verdict(holds, fmt.Sprintf(format, args...))
}
