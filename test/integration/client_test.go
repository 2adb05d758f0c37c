package integration

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"tollgate/test/echo"
	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

// newClient returns the client that all requests go through, to loopback addresses without a proxy.
func newClient() *http.Client {
	const timeout = 20 * time.Second
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: burstWidth}, Timeout: timeout}
}

// reply is what came back.
type reply struct {
	status  int
	headers http.Header
	body    []byte
	took    time.Duration
}

// get sends a request to the suite's gateway. A header is written as on the wire, "Name: value", and
// keeps its spelling; one that stands twice is sent twice.
func get(t *testing.T, path string, headers ...string) reply {
	t.Helper()
	return getFrom(t, shared.Sandbox, path, headers...)
}

func getFrom(t *testing.T, s *sandbox.Sandbox, path string, headers ...string) reply {
	t.Helper()
	r, err := send(s.URL+path, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func send(url string, headers ...string) (reply, error) { return sendBy(shared.client, url, headers) }

func sendBy(c *http.Client, url string, headers []string) (reply, error) {
	request, err := newRequest(url, headers)
	if err != nil {
		return reply{}, err
	}
	return do(c, request)
}

func newRequest(url string, headers []string) (*http.Request, error) {
	request, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ":")
		request.Header[name] = append(request.Header[name], strings.TrimSpace(value))
	}
	return request, nil
}

func do(c *http.Client, request *http.Request) (reply, error) {
	began := time.Now()
	response, err := c.Do(request)
	if err != nil {
		return reply{took: time.Since(began)}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, body, time.Since(began)}, err
}

// id is Kong's of the request.
func (r reply) id() string { return r.headers.Get("X-Kong-Request-Id") }

// upstream is what the echo saw. The test fails where the request did not reach it.
func (r reply) upstream(t *testing.T) (seen echo.Request) {
	t.Helper()
	if err := json.Unmarshal(r.body, &seen); err != nil || seen.Method == "" {
		t.Fatalf("the echo did not answer: status %d, body %s", r.status, r.body)
	}
	return seen
}

// problem is a body of problem details.
type problem struct {
	Type, Title, Detail string
	Status              int
	RequestID           string      `json:"request_id"`
	Violations          []violation `json:"violations"`
	ViolatedPolicies    []string    `json:"violated-policies"`
}

type violation struct{ Rule, Header, Reason, Place string }

// problem reads the body, and checks what holds for each.
func (r reply) problem(t *testing.T) (p problem) {
	t.Helper()
	if err := json.Unmarshal(r.body, &p); err != nil {
		t.Fatalf("status %d, body %s: %v", r.status, r.body, err)
	}
	if got := r.headers.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %q", got)
	}
	if p.Status != r.status || p.Type == "" || p.Title == "" {
		t.Errorf("the answer has status %d, its body %s", r.status, r.body)
	}
	if p.RequestID == "" || p.RequestID != r.id() {
		t.Errorf("request_id %q, the header has %q", p.RequestID, r.id())
	}
	return p
}

// is fails the test unless the answer has that status.
func (r reply) is(t *testing.T, status int) {
	t.Helper()
	if r.status != status {
		t.Fatalf("status %d, want %d; headers %v, body %s", r.status, status, r.headers, r.body)
	}
}

// bearer mints a token at the suite's issuer and returns it as a header.
func bearer(t *testing.T, token issuer.Token) string {
	t.Helper()
	return bearerOf(t, shared.Sandbox, token)
}

func bearerOf(t *testing.T, s *sandbox.Sandbox, token issuer.Token) string {
	t.Helper()
	signed, err := s.Issuer.Mint(token)
	if err != nil {
		t.Fatal(err)
	}
	shared.secrets.token(signed)
	return "Authorization: Bearer " + signed
}
