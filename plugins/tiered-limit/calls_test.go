package tieredlimit

import (
	"testing"

	"github.com/Kong/go-pdk/bridge"
	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"

	"tollgate/internal/kong"
	"tollgate/internal/kongtest"
)

// kongLine answers each question of a request that was authenticated.
func kongLine(t *testing.T) *kongtest.Line {
	t.Helper()
	l := &kongtest.Line{Answers: map[string][]byte{getClaims: nil, "kong.nginx.get_var": nil}}
	for method, answer := range map[string]proto.Message{
		getConsumer:   &pb.Consumer{Id: "c1", Username: "acme"},
		getCredential: &pb.AuthenticatedCredential{Id: "k1"},
		getAddress:    bridge.WrapString("192.0.2.1"),
		getService:    &pb.Service{Id: "s1"},
		getRoute:      &pb.Route{Id: "r1"},
	} {
		var err error
		if l.Answers[method], err = proto.Marshal(answer); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// What a request needs is known from the configuration, and so asked for at once: it waits once.
func TestARequestWaitsForKongOnce(t *testing.T) {
	for name, row := range map[string]struct {
		options      string
		scope        kong.Scope
		calls, waits int
	}{
		"by default":                      {`{}`, kong.Scope{}, 2, 1},
		"with a claim":                    {`{"tier_claim": "plan"}`, kong.Scope{}, 3, 1},
		"by credential":                   {`{"limit_by": "credential"}`, kong.Scope{}, 3, 1},
		"by address":                      {`{"limit_by": "ip"}`, kong.Scope{}, 3, 1},
		"by service":                      {`{"scope": "service"}`, kong.Scope{}, 3, 1},
		"by route":                        {`{"scope": "route"}`, kong.Scope{}, 3, 1},
		"by service, on the service":      {`{"scope": "service"}`, kong.Scope{ServiceID: "s1"}, 2, 1},
		"with all that can be asked":      {`{"limit_by": "credential", "tier_claim": "plan", "scope": "route"}`, kong.Scope{}, 5, 1},
		"on a consumer with a tier":       {`{"tier": "gold"}`, kong.Scope{ConsumerID: "c1"}, 1, 0},
		"with a tier without limits":      {`{"tier": "internal", "limit_by": "ip", "scope": "route"}`, kong.Scope{}, 0, 0},
		"with a tier, by credential":      {`{"tier": "gold", "limit_by": "credential"}`, kong.Scope{}, 2, 1},
		"with a tier, by address, routes": {`{"tier": "gold", "limit_by": "ip", "scope": "route"}`, kong.Scope{}, 3, 1},
	} {
		t.Run(name, func(t *testing.T) {
			l := kongLine(t)
			r := kong.NewRequest(l)
			r.Scope = row.scope
			handlerWith(t, row.options, admitting()).Access(t.Context(), r)
			if calls, waits := l.Cost(); calls != row.calls || waits != row.waits {
				t.Errorf("%d calls, %d waited for, want %d and %d: %q, ahead %q", calls, waits, row.calls, row.waits, l.Calls, l.Before)
			}
		})
	}
}

// A request that was rejected expects the next one to be, and its id with the consumer.
func TestARejectionAfterARejectionWaitsOnce(t *testing.T) {
	h := handlerWith(t, `{}`, &stubCounter{outcome: Outcome{RateWait: 40 * ms}, from: FromMemory})
	for _, want := range []int{2, 1} {
		l := kongLine(t)
		h.Access(t.Context(), kong.NewRequest(l))
		if _, waits := l.Cost(); waits != want {
			t.Errorf("%d calls are waited for, want %d: %q, ahead %q", waits, want, l.Calls, l.Before)
		}
	}
}
