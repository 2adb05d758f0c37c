package command

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

func TestHealthAsksTheGatewayTooWhereItIsTold(t *testing.T) {
	prefix := t.TempDir()
	serving(t, filepath.Join(prefix, "tollgate", "server.socket"), pluginserver("pluginserver", "--kong-prefix", prefix))
	kong := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/status" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer kong.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, row := range []struct{ name, gateway, says string }{
		{"no gateway to ask", "", ""},
		{"a gateway that answers", kong.URL + "/status", ""},
		{"a gateway that is not well", kong.URL + "/", "answers 503"},
		{"a gateway that is not there", gone.URL, "asking the gateway"},
		{"an address that is none", "kong:8007", "asking the gateway"},
	} {
		t.Run(row.name, func(t *testing.T) {
			cmd := pluginserver("pluginserver", "health", "--kong-prefix", prefix)
			cmd.Env = append(cmd.Env, "TOLLGATE_GATEWAY="+row.gateway, "HTTP_PROXY="+gone.URL)
			out, err := cmd.CombinedOutput()
			if (err != nil) != (row.says != "") || !strings.Contains(string(out), row.says) {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
