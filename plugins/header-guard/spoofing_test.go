package headerguard

import (
	"fmt"
	"strings"
	"testing"
)

func TestWhatOnlyTheGatewaySets(t *testing.T) {
	byDefault, own := `{"presets":["tls_offload"]}`, `{"presets":["tls_offload"],"spoofed_headers":["X-Internal","x_edge-*"]}`
	alike := `{"presets":["tls_offload"],"spoofed_headers":["X-A","X-A-B*"]}`
	for _, row := range []struct {
		name, config string
		headers      headers
		want         []string
	}{
		{"nothing", byDefault, headers{"x-tenant": {"a"}, "x-consumers": {"a"}}, nil},
		{"a consumer", byDefault, headers{"x-consumer-username": {"admin"}}, []string{"spoofed x-consumer-username spoofed"}},
		{"a blank one, which some upstreams take for nobody", byDefault, headers{"x-anonymous-consumer": {""}}, []string{"spoofed x-anonymous-consumer spoofed"}},
		{"a spelling that upstreams take for it", byDefault, headers{"x_consumer-id": {"1"}}, []string{"spoofed x-consumer-id spoofed"}},
		{"both spellings are one fault", byDefault, headers{"x_consumer_id": {"1"}, "x-consumer-id": {"2"}}, []string{"spoofed x-consumer-id spoofed"}},
		{"names of the client's own are told by the pattern", byDefault, headers{"x-consumer-s3cret": {"1"}, "x-consumer-other": {"1"}}, []string{"spoofed x-consumer-* spoofed"}},
		{"several, in order", byDefault, headers{"x-credential-identifier": {"a"}, "x-authenticated-groups": {"a"}, "x-consumer-groups": {"a"}},
			[]string{"spoofed x-authenticated-groups spoofed", "spoofed x-consumer-groups spoofed", "spoofed x-credential-identifier spoofed"}},
		{"a longer name is not the exact one", byDefault, headers{"x-anonymous-consumer-id": {"1"}}, nil},
		{"names of one's own", own, headers{"x_internal": {"1"}, "x-edge-id": {"1"}, "x-consumer-id": {"1"}},
			[]string{"spoofed x-internal spoofed", "spoofed x_edge-* spoofed"}},
		{"patterns that begin alike", alike, headers{"x-a": {"1"}, "x-a-b": {"1"}, "x-a-c": {"1"}, "x-": {"1"}, "x-ab": {"1"}},
			[]string{"spoofed x-a spoofed", "spoofed x-a-b* spoofed"}},
		{"one pattern", `{"presets":["tls_offload"],"spoofed_headers":["X-A-*"]}`, headers{"x-a-": {"1"}, "x-a": {"1"}, "x_a_b": {"1"}}, []string{"spoofed x-a-* spoofed"}},
		{"patterns that have nothing in common", `{"presets":["tls_offload"],"spoofed_headers":["A","B-*"]}`, headers{"a": {"1"}, "b_c": {"1"}, "c": {"1"}},
			[]string{"spoofed a spoofed", "spoofed b-* spoofed"}},
		{"none", `{"presets":["tls_offload"],"spoofed_headers":[]}`, headers{"x-consumer-id": {"1"}}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.headers["x-forwarded-proto"] = []string{"https"}
			requireFound(t, row.want, guardOf(t, row.config).found(row.headers))
		})
	}
}

// A client may send as many as fit; what is told of them has a bound.
func TestManySpoofedHeadersAreFewFaults(t *testing.T) {
	h := headers{"x-forwarded-proto": {"https"}}
	for i := range 500 {
		h[fmt.Sprintf("x-consumer-%d", i)] = []string{"a"}
		h[fmt.Sprintf("x-authenticated-%d", i)] = []string{"a"}
	}
	if got := guardOf(t, `{"presets":["tls_offload"]}`).found(h); len(got) != 2 {
		t.Errorf("%d faults: %s", len(got), strings.Join(got, "; "))
	}
}
