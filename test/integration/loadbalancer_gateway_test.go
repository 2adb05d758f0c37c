package integration

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	lb "tollgate/test/loadbalancer"
	"tollgate/test/sandbox"
)

// The keys of the load balancer's witness, of which the gateway knows the first two.
const (
	witnessKey = "witness-key-of-the-suite-number-one"
	nextKey    = "witness-key-of-the-suite-number-two"
	otherKey   = "witness-key-that-the-gateway-has-not"
)

// balancer is a load balancer that can be started before the gateway.
type balancer interface {
	Start(tb testing.TB, upstream string) (addr string)
}

// behind starts a gateway whose guard trusts only load balancers.
func behind(t *testing.T, environment ...string) *sandbox.Sandbox {
	t.Helper()
	for _, key := range []string{witnessKey, nextKey, otherKey} {
		shared.secrets.know(key, "a key of the witness")
	}
	return start(t, sandbox.Options{Config: []byte(balancedConfig), Environment: environment, Values: map[string]string{
		"DECK_WITNESS_KEY": witnessKey, "DECK_WITNESS_NEXT_KEY": nextKey, "DECK_SNAT": lb.SNAT,
	}})
}

// addressOf is where a gateway listens.
func addressOf(s *sandbox.Sandbox) string { return strings.TrimPrefix(s.URL, "http://") }

// usual is what the F5 does where nothing is wrong: it tells the client's address and that TLS ended here.
func usual(change func(*lb.Behaviour)) lb.Behaviour {
	b := lb.Behaviour{ForwardedFor: true, Replace: []lb.Line{{Name: "X-Forwarded-Proto", Value: "https"}}}
	if change != nil {
		change(&b)
	}
	return b
}

// sent are the header lines of a client that does everything right, and others.
func sent(more ...string) []string {
	return append([]string{"Authorization: Bearer abc", "X-Tenant-Id: acme", "Via: 1.1 cdn"}, more...)
}

// found is one violation, as the answer tells it.
type found struct{ Header, Reason, Place string }

// violationsOf are those of an answer.
func violationsOf(t *testing.T, r reply) []found {
	t.Helper()
	var p struct{ Violations []found }
	if err := json.Unmarshal(r.body, &p); err != nil {
		t.Fatalf("status %d, body %s: %v", r.status, r.body, err)
	}
	return p.Violations
}

// through sends a request by way of a load balancer.
func through(t *testing.T, addr string, lines ...string) reply {
	t.Helper()
	r, err := throughWith(shared.client, addr, lines)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func throughWith(c *http.Client, addr string, lines []string) (reply, error) {
	return throughTo(c, addr, http.MethodGet, "/api/orders?id=7", lines)
}

func throughTo(c *http.Client, addr, method, target string, lines []string) (reply, error) {
	request, err := http.NewRequest(method, "http://"+addr+target, http.NoBody)
	if err != nil {
		return reply{}, err
	}
	request.Host = "api.example.com"
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		request.Header[name] = append(request.Header[name], strings.TrimSpace(value))
	}
	return do(c, request)
}

const balancedConfig = `
_format_version: "3.0"
services:
  - name: echo
    url: '${{ env "DECK_UPSTREAM_URL" }}'
    routes:
      - {name: open, paths: [/open]}
      - {name: of-a-host, paths: [/host], hosts: [api.example.com]}
      - name: of-https
        paths: [/https]
        protocols: [https]
        plugins: [{name: header-guard, config: {presets: [tls_offload]}}]
      - name: of-both
        paths: [/both]
        plugins:
          - name: header-guard
            config:
              presets: [tls_offload]
              trusted_peers: ['${{ env "DECK_SNAT" }}']
              witness: {secrets: ['${{ env "DECK_WITNESS_KEY" }}']}
      - name: balanced
        paths: [/api]
        plugins:
          - name: header-guard
            config:
              presets: [authorization, forwarded]
              hosts: [api.example.com]
              max_hops: 1
              rules:
                - {header: X-Tenant-Id, match: '^[a-z0-9-]{1,36}$'}
                - {header: Via}
              trusted_peers: ['${{ env "DECK_SNAT" }}']
              on_untrusted_peer: reject
              witness:
                secrets: ['${{ env "DECK_WITNESS_KEY" }}', '${{ env "DECK_WITNESS_NEXT_KEY" }}']
`
