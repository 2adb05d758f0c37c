package tour

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"tollgate/test/echo"
	"tollgate/test/issuer"
)

// walk is a tour under way.
type walk struct {
	ctx            context.Context
	place          Place
	client         *http.Client
	out            *printer
	passed, failed int
	err            error // what keeps the tour from going on
}

func newWalk(ctx context.Context, at Place, out *printer) *walk {
	const timeout = 10 * time.Second
	transport := &http.Transport{MaxIdleConnsPerHost: burstWidth}
	return &walk{ctx: ctx, place: at, client: &http.Client{Transport: transport, Timeout: timeout}, out: out}
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
func (w *walk) send(method, address string, headers []header) reply {
	request, err := http.NewRequestWithContext(w.ctx, method, address, http.NoBody)
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
	address := w.place.Gateway + path
	r := w.send(http.MethodGet, address, headers)
	if w.err == nil {
		w.out.request(http.MethodGet, address, headers)
		w.out.reply(r)
	}
	return r
}

// token has the issuer mint one for the client.
func (w *walk) token(t issuer.Token) header {
	query := url.Values{"client": {t.Client}, "aud": t.Audience}
	if t.ExpiresIn != 0 {
		query.Set("expires_in", strconv.Itoa(int(t.ExpiresIn.Seconds())))
	}
	r := w.send(http.MethodGet, w.place.Issuer+"/token?"+query.Encode(), nil)
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(r.body, &answer); err != nil && w.err == nil {
		w.err = fmt.Errorf("the issuer answers %d: %w", r.status, err)
	}
	return header{"Authorization", "Bearer " + answer.Token}
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
