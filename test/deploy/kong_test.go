package deploy

import (
	"slices"
	"strings"
	"testing"

	"tollgate/test/sandbox"
)

// A real Kong, which the sandbox started with kong.yml, judges the plugins of every example.
func TestAKongAcceptsEveryPlugin(t *testing.T) {
	gateway, err := sandbox.GatewayFromEnv()
	if err != nil {
		t.Fatal(err)
	}
	if gateway != sandbox.Kong {
		t.Skip("left out, as kongsim has no Admin API: " + sandbox.GatewayEnv + "=kong runs it on the kong on the PATH")
	}
	s, err := sandbox.Start(t.Context(), sandbox.Options{Gateway: gateway})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	bad := Entry{"a field that is none", "tiered-limit", map[string]any{"tiers": []any{map[string]any{"name": "free", "tsp": 1}}, "default_tier": "free"}}
	if says := judge(t, s.AdminURL, bad); !strings.HasPrefix(says, "400 ") {
		t.Errorf("%s: %q", bad.Where, says)
	}
	for _, entry := range slices.Concat(Entries(example(t)), Entries(behindF5(t)), entriesOf(kubernetes(t))) {
		if says := judge(t, s.AdminURL, entry); says != "" {
			t.Errorf("%s %s: %s", entry.Where, entry.Name, says)
		}
	}
}

// judge returns what Kong has against a plugin.
func judge(t *testing.T, admin string, entry Entry) string {
	t.Helper()
	refusal, err := Judge(t.Context(), admin, "plugins", map[string]any{"name": entry.Name, "config": entry.Config})
	if err != nil {
		t.Fatal(err)
	}
	return refusal
}
