package integration

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

// grpcType is the content type of gRPC over HTTP/2.
const grpcType = "application/grpc"

// outcome is what a client of gRPC goes by: grpc-status where there is one, else the status of HTTP.
type outcome struct {
	status                   int
	contentType, grpc, limit string
}

// call makes a unary call, and returns the message that came back.
func call(t *testing.T, s *sandbox.Sandbox, method string, headers ...string) (outcome, http.Header, []byte) {
	t.Helper()
	const message = "\x00\x00\x00\x00\x05hello" // not compressed, five bytes
	request, err := newRequest(s.TLSURL+"/tollgate.Echo/"+method, append(headers, "Content-Type: "+grpcType, "Te: trailers"))
	if err != nil {
		t.Fatal(err)
	}
	request.Method, request.Body = http.MethodPost, io.NopCloser(bytes.NewReader([]byte(message)))
	response, err := http2Client(t).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	h := response.Header
	return outcome{
		response.StatusCode, h.Get("Content-Type"), h.Get("Grpc-Status") + response.Trailer.Get("Grpc-Status"), h.Get("X-RateLimit-Limit-Day"),
	}, h, body
}

// TestAgRPCRoute goes through all three plugins. A refused call has no grpc-status: the client has the status of
// HTTP alone, which it maps itself (grpc/doc/http-grpc-status-mapping.md): 401 to UNAUTHENTICATED, 429 to
// UNAVAILABLE, 400 to INTERNAL.
func TestAgRPCRoute(t *testing.T) {
	realKongOnly(t)
	s := secondNode(t)
	forget(t)
	const tenant, refused = "X-Tenant-Id: acme", "application/problem+json"
	token := bearer(t, issuer.Token{Client: "premium-app"})
	answers := tally{}
	for _, row := range []struct {
		name, method string
		headers      []string
		want         outcome
	}{
		{"no plugin", "Open", nil, outcome{200, grpcType, "0", ""}},
		{"a header is missing", "Guarded", []string{token}, outcome{400, refused, "", ""}},
		{"there is no token", "Guarded", []string{tenant}, outcome{401, refused, "", ""}},
		{"the first of two a day", "Guarded", []string{tenant, token}, outcome{200, grpcType, "0", "2"}},
		{"the second", "Guarded", []string{tenant, token}, outcome{200, grpcType, "0", "2"}},
		{"one too many", "Guarded", []string{tenant, token}, outcome{429, refused, "", "2"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, headers, body := call(t, s, row.method, row.headers...)
			answers[got.status]++
			if diff := cmp.Diff(row.want, got, cmp.AllowUnexported(outcome{})); diff != "" {
				t.Errorf("the call (-want +got):\n%s", diff)
			}
			if got.status != http.StatusOK {
				reply{status: got.status, headers: headers, body: body}.problem(t)
				return
			}
			if string(body[min(5, len(body)):]) != "hello" {
				t.Errorf("the message %q", body)
			}
			if consumer := headers.Get("X-Upstream-Consumer"); (consumer == "premium-app") != (row.method == "Guarded") {
				t.Errorf("the upstream was told of %q", consumer)
			}
		})
	}
	shared.stress.held(t, "a route of gRPC through all three plugins, two a day", "grpc-status 0; 400, 401 and 429 as HTTP, without grpc-status", answers.String())
}
