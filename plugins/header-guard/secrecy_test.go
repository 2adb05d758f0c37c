package headerguard

import (
	"fmt"
	"strings"
	"testing"
)

const secret = "S3cretValue"

func TestNoValueLeavesThePlugin(t *testing.T) {
	for name, h := range map[string]headers{
		"a value outside the pattern":      {"x-tenant": {secret}},
		"a value that is not UTF-8":        {"x-tenant": {secret + "\xff"}},
		"one of several values":            {"x-tenant": {"acme", secret}},
		"a value of a header beside it":    {"apikey": {secret}},
		"a name that the client made up":   {"x-consumer-" + strings.ToLower(secret): {"x"}},
		"the value of an underscore alias": {"x_tenant": {secret}},
		"an option of Connection":          {"connection": {secret}},
		"a host":                           {"host": {secret}},
		"an address":                       {"x-forwarded-for": {secret}},
		"a scheme":                         {"x-forwarded-proto": {secret}},
		"a witness":                        {"x-f5-witness": {secret}},
		"the query":                        {},
	} {
		for _, mode := range []string{modeEnforce, modeAudit} {
			s := standOf(t, fmt.Sprintf(rules, mode, `,"presets":["forwarded","host"],"hosts":["a"],"audit_header":"X-Audit","trusted_peers":["10.0.0.5"],
				"witness":{"secrets":["`+witnessSecret+`"]}`))
			k := kongWith(h)
			k.Vars["request"] = "GET /orders/7?key=" + secret + " HTTP/1.1"
			out := s.run(t, k)
			if len(out.Logs) != 1 {
				t.Errorf("%s: %d log lines, want one", name, len(out.Logs))
			}
			if all := s.everything(t, out); strings.Contains(strings.ToLower(all), strings.ToLower(secret)) || strings.Contains(all, witnessSecret) {
				at := strings.Index(strings.ToLower(all), strings.ToLower(secret))
				t.Errorf("%s is shown in mode %s, at %d of: %s", name, mode, at, all)
			}
		}
	}
}
