package terraform

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/test/deploy"
)

// documented are the arguments of the provider's resources, by its documentation of version 6.5.1, as far as
// they are for HTTP.
func documented() map[string][]string {
	return map[string][]string{
		"kong_service": {"name", "protocol", "host", "port", "path", "retries", "connect_timeout", "write_timeout", "read_timeout", "tags",
			"client_certificate_id", "tls_verify", "tls_verify_depth", "ca_certificate_ids"},
		"kong_route": {"name", "protocols", "methods", "hosts", "paths", "https_redirect_status_code", "strip_path", "regex_priority",
			"path_handling", "preserve_host", "request_buffering", "response_buffering", "service_id", "tags"},
		"kong_plugin":            {"name", "consumer_id", "service_id", "route_id", "enabled", "config_json", "tags"},
		"kong_consumer":          {"username", "custom_id", "tags"},
		"kong_consumer_key_auth": {"consumer_id", "key", "tags"},
	}
}

func TestEveryArgumentIsDocumentedAndHasAValue(t *testing.T) {
	m := load(t)
	ctx := m.context(t)
	for _, resource := range m.resources {
		known, ok := documented()[resource.Labels[0]]
		if !ok {
			t.Errorf("the provider has no %s", resource.Labels[0])
		}
		for name, attribute := range resource.Body.Attributes {
			if name != "for_each" && !slices.Contains(known, name) {
				t.Errorf("%s has no argument %s", resource.Labels[0], name)
			}
			value(t, attribute.Expr, ctx)
		}
	}
}

func TestEveryPluginIsAccepted(t *testing.T) {
	m := load(t)
	ctx := m.context(t)
	var names []string
	for _, resource := range m.resources {
		if resource.Labels[0] != "kong_plugin" {
			continue
		}
		arguments := resource.Body.Attributes
		name := value(t, arguments["name"].Expr, ctx).AsString()
		names = append(names, name)
		var config any
		if err := json.Unmarshal([]byte(value(t, arguments["config_json"].Expr, ctx).AsString()), &config); err != nil {
			t.Fatal(err)
		}
		if err := deploy.Check(name, config); err != nil {
			t.Errorf("%s: %v", resource.Labels[1], err)
		}
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"header-guard", "header-guard", "jwks-verify", "key-auth", "tiered-limit"}, names); diff != "" {
		t.Errorf("plugins (-want +got):\n%s", diff)
	}
}
