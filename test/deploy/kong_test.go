package deploy

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
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
	if status, answer := judge(t, s.AdminURL, bad); status != http.StatusBadRequest {
		t.Errorf("%s: %d %s", bad.Where, status, answer)
	}
	for _, entry := range slices.Concat(Entries(example(t)), Entries(behindF5(t)), entriesOf(kubernetes(t))) {
		if status, answer := judge(t, s.AdminURL, entry); status != http.StatusOK {
			t.Errorf("%s %s: %d %s", entry.Where, entry.Name, status, answer)
		}
	}
}

// judge asks Kong's Admin API whether it would take a plugin.
func judge(t *testing.T, admin string, entry Entry) (status int, answer string) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"name": entry.Name, "config": entry.Config})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, admin+"/schemas/plugins/validate", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}
