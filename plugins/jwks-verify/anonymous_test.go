package jwksverify

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/internal/kongtest"
)

func TestAnonymous(t *testing.T) {
	guest := kongtest.Consumer{ID: "22222222-2222-4222-8222-222222222222", Username: "guest"}
	without := func(more map[string][]string) *kongtest.Kong {
		headers := map[string][]string{"host": {"api"}}
		maps.Copy(headers, more)
		return &kongtest.Kong{Headers: headers, Consumers: []kongtest.Consumer{testConsumer, guest}}
	}
	for name, row := range map[string]struct {
		anonymous string
		kong      *kongtest.Kong
		status    int // 0 for a request that passes
		reason    string
	}{
		"by username":                         {"guest", without(nil), 0, "anonymous"},
		"by id":                               {guest.ID, without(nil), 0, "anonymous"},
		"another scheme is no token":          {"guest", without(map[string][]string{"authorization": {"Basic eDp5"}}), 0, "anonymous"},
		"a bad token is not no token":         {"guest", without(map[string][]string{"authorization": {"Bearer x"}}), 401, "malformed"},
		"a tab behind Bearer is not no token": {"guest", without(map[string][]string{"authorization": {"Bearer\tx"}}), 400, "malformed"},
		"two tokens are not none":             {"guest", without(map[string][]string{"authorization": {"Bearer x", "Bearer y"}}), 400, "malformed"},
		"a consumer that Kong has not":        {"nobody", without(nil), 500, "consumer"},
		"Connection may not strip here too":   {"guest", without(map[string][]string{"connection": {"x-anonymous-consumer"}}), 400, "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				row.kong.Headers["x-anonymous_consumer"] = []string{"false"}
				out := row.kong.Run(t, w.build(t, members{"anonymous": row.anonymous}))
				member, _ := out.LogMembers["tollgate.jwks_verify"].(map[string]any)
				if member["reason"] != row.reason || w.counted(t, "tollgate_jwks_verify_total", row.reason) != 1 {
					t.Errorf("access log %v", member)
				}
				if row.status != 0 {
					if out.Exit == nil || out.Exit.Status != row.status || out.ConsumerID+out.CredentialID != "" {
						t.Errorf("answered %+v", out.Exit)
					}
					return
				}
				if out.Exit != nil || out.ConsumerID != guest.ID || out.CredentialID != "" {
					t.Errorf("answered %+v, consumer %q, credential %q", out.Exit, out.ConsumerID, out.CredentialID)
				}
				if diff := cmp.Diff(map[string][]string{
					"X-Consumer-ID": {guest.ID}, "X-Consumer-Username": {"guest"}, "X-Anonymous-Consumer": {"true"},
				}, out.UpstreamHeaders); diff != "" {
					t.Errorf("upstream headers (-want +got):\n%s", diff)
				}
				if !slices.Equal(out.Cleared, []string{"x-anonymous_consumer"}) || len(out.Shared) > 0 {
					t.Errorf("removed %q, shared %v", out.Cleared, out.Shared)
				}
			})
		})
	}
}
