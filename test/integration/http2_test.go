package integration

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/test/issuer"
)

// http2Client is a client that speaks nothing but HTTP/2, over TLS.
func http2Client(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // Kong made the certificate itself
		Protocols:       new(http.Protocols),
	}
	transport.Protocols.SetHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: shared.client.Timeout}
}

func TestKongOverTLSAndHTTP2(t *testing.T) {
	realKongOnly(t)
	token := bearer(t, issuer.Token{Client: "premium-app"})
	request, err := newRequest(shared.TLSURL+"/limited/token", []string{token, "x_consumer_username: admin"})
	if err != nil {
		t.Fatal(err)
	}
	response, err := http2Client(t).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK || response.ProtoMajor != 2 || response.Header.Get("X-RateLimit-Limit-Second") != "100" {
		t.Errorf("status %d, %s, headers %v", response.StatusCode, response.Proto, response.Header)
	}
}

// TestTheStreamsOfAConnectionAreLimited sends more requests at once, on one connection, than a day of 20 has.
func TestTheStreamsOfAConnectionAreLimited(t *testing.T) {
	realKongOnly(t)
	s, client := secondNode(t), http2Client(t)
	forget(t)
	const sent, quota = 50, 20
	replies := make([]reply, sent)
	var streams sync.WaitGroup
	for i := range replies {
		streams.Go(func() {
			request, err := newRequest(s.TLSURL+"/streams", nil)
			if err == nil {
				replies[i], err = do(client, request)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	streams.Wait()
	admitted := 0
	for _, r := range replies {
		if r.status == http.StatusOK {
			admitted++
			continue
		}
		r.is(t, http.StatusTooManyRequests)
		if p := r.problem(t); cmp.Diff([]string{"daily"}, p.ViolatedPolicies) != "" || r.headers.Get("Retry-After") == "" || r.remaining(t, "Day") != 0 {
			t.Fatalf("headers %v, body %s", r.headers, r.body)
		}
	}
	if admitted != quota {
		t.Errorf("%d of %d were admitted, want %d", admitted, sent, quota)
	}
	shared.stress.held(t, "streams of HTTP/2 over TLS at once, 20 a day", "20 admitted, 429 with its body and headers else",
		fmt.Sprintf("%d of %d admitted", admitted, sent))
}

// TestHeadersOfHTTP2AreGuarded sends names in small letters, as HTTP/2 has them (RFC 9113, section 8.2).
func TestHeadersOfHTTP2AreGuarded(t *testing.T) {
	realKongOnly(t)
	client := http2Client(t)
	for _, row := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"all that it needs", []string{"X-Tenant-Id: acme", "Authorization: Basic eDp5", "X-Client-Id: shop"}, http.StatusOK},
		{"a value that does not match", []string{"X-Tenant-Id: ACME!", "Authorization: Basic eDp5", "X-Client-Id: shop"}, http.StatusBadRequest},
		{"no authorization", []string{"X-Tenant-Id: acme", "X-Client-Id: shop"}, http.StatusUnauthorized},
	} {
		t.Run(row.name, func(t *testing.T) {
			request, err := newRequest(shared.TLSURL+"/guard", row.headers)
			if err != nil {
				t.Fatal(err)
			}
			r, err := do(client, request)
			if err != nil {
				t.Fatal(err)
			}
			if r.is(t, row.status); row.status != http.StatusOK && len(r.problem(t).Violations) != 1 {
				t.Errorf("body %s", r.body)
			}
			if challenge := r.headers.Get("WWW-Authenticate"); strings.HasPrefix(challenge, "Bearer") != (row.status == http.StatusUnauthorized) {
				t.Errorf("challenge %q", challenge)
			}
		})
	}
}
