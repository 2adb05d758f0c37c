package integration

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tollgate/test/eventually"
	"tollgate/test/issuer"
)

// entry is one line of Kong's access log.
type entry struct {
	Request struct {
		ID      string
		Headers map[string]any
	}
	Response struct{ Status int }
	Consumer struct {
		Username string
		Tags     []string
	}
	Entity struct {
		ID string
	} `json:"authenticated_entity"`
	Tollgate map[string]map[string]any
}

// tollgate is what a plugin added; nil for nothing.
func (e entry) tollgate(plugin string) map[string]any { return e.Tollgate[plugin] }

// accessLog waits for the line on a request.
func accessLog(t *testing.T, r reply) (found entry) {
	t.Helper()
	const patience = 5 * time.Second
	eventually.Holds(t, patience, "the access log's line on "+r.id(), func() bool {
		data, err := os.ReadFile(shared.AccessLog())
		if err != nil {
			return false
		}
		for line := range bytes.Lines(data) {
			found = entry{}
			if json.Unmarshal(line, &found) == nil && found.Request.ID == r.id() {
				return true
			}
		}
		return false
	})
	return found
}

func TestAccessLogTellsWhoCame(t *testing.T) {
	r := get(t, "/token", bearer(t, issuer.Token{Client: "free-app"}))
	r.is(t, http.StatusOK)
	got := accessLog(t, r)
	if got.Response.Status != http.StatusOK || got.Consumer.Username != "free-app" || got.Entity.ID != "free-app" {
		t.Errorf("status %d, consumer %q, credential %q", got.Response.Status, got.Consumer.Username, got.Entity.ID)
	}
	member := got.tollgate("jwks_verify")
	sub := sha256.Sum256([]byte(shared.Issuer.URL() + " free-app"))
	want := map[string]any{
		"reason": "ok", "issuer": shared.Issuer.URL(), "client_id": "free-app", "kid": member["kid"],
		"sub": "sha256:" + hex.EncodeToString(sub[:16]),
	}
	if diff := cmp.Diff(want, member); diff != "" || member["kid"] == nil {
		t.Errorf("tollgate.jwks_verify (-want +got):\n%s", diff)
	}
}

func TestAccessLogTellsWhyARequestWasRefused(t *testing.T) {
	for _, row := range []struct {
		name, plugin, path string
		headers            []string
		want               map[string]any
	}{
		{"a header is missing", "header_guard", "/guard", []string{"X-Tenant-Id: acme", "X-Client-Id: a"}, map[string]any{
			"decision": "rejected", "status": 401.0,
			"violations": []any{map[string]any{
				"rule": "rules[2]", "header": "authorization", "reason": "missing", "place": "unknown", "mode": "enforce",
			}},
		}},
		{"there is no token", "jwks_verify", "/token", nil, map[string]any{"reason": "no_token"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := accessLog(t, get(t, row.path, row.headers...))
			if diff := cmp.Diff(row.want, got.tollgate(row.plugin)); diff != "" {
				t.Errorf("tollgate.%s (-want +got):\n%s", row.plugin, diff)
			}
		})
	}
}
