package headerguard

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"tollgate/internal/kongtest"
)

const witnessSecret = "a secret of the load balancer, 32+"

// witnessOf is what a load balancer tells of a GET of /orders on api.example.com.
func witnessOf(at time.Time, received, sent string) string {
	return witnessFor("/orders", at, received, sent)
}

func witnessFor(path string, at time.Time, received, sent string) string {
	mac := hmac.New(sha256.New, []byte(witnessSecret))
	fmt.Fprintf(mac, "tollgate-witness-v1\n%d\nGET\napi.example.com\n%s\n%s\n%s", at.Unix(), path, received, sent)
	return fmt.Sprintf("v1;t=%d;r=%s;s=%s;d=%s", at.Unix(), received, sent, base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
}

const witnessed = `{"mode":%q,"rules":[{"header":"X-Tenant"}],"trusted_peers":["10.0.0.5"],"on_untrusted_peer":"allow",
	"witness":{"secrets":["` + witnessSecret + `"]}}`

// sent is Kong with a GET of /orders that came from the load balancer.
func sent(h headers) *kongtest.Kong {
	h["host"] = []string{"api.example.com"}
	return &kongtest.Kong{Headers: h, PeerIP: "10.0.0.5", Vars: map[string]string{"request": "GET /orders?key=1 HTTP/1.1"}}
}

func TestTheWitnessTellsWhereAHeaderWasLost(t *testing.T) {
	for _, row := range []struct {
		name           string
		received, sent string
		change         func(*kongtest.Kong)
		witness        string
		place          Place
	}{
		{"the client did not send it", "host", "host", nil, "good", NotSentByClient},
		{"the load balancer took it", "host,x-tenant", "host", nil, "good", StrippedByF5},
		{"it got lost behind the load balancer", "host,x-tenant", "host,x-tenant", nil, "good", StrippedAfterF5},
		{"no witness", "", "", func(k *kongtest.Kong) { delete(k.Headers, "x-f5-witness") }, "absent", Unknown},
		{"a witness from somebody else", "host", "host", func(k *kongtest.Kong) { k.PeerIP = "10.0.0.6" }, "untrusted", Unknown},
		{"a witness from nobody knows whom", "host", "host", func(k *kongtest.Kong) { k.PeerIP = "unix:" }, "untrusted", Unknown},
		{"two witnesses", "host", "host", func(k *kongtest.Kong) {
			k.Headers["x-f5-witness"] = append(k.Headers["x-f5-witness"], "v1")
		}, "malformed", Unknown},
		{"a witness of another request", "host", "host", func(k *kongtest.Kong) { k.Vars["request"] = "POST /orders HTTP/1.1" }, "digest", Unknown},
		{"an old witness", "host", "host", func(k *kongtest.Kong) {
			k.Headers["x-f5-witness"] = []string{witnessOf(standNow.Add(-time.Minute), "host", "host")}
		}, "clock", Unknown},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := standOf(t, fmt.Sprintf(witnessed, modeEnforce))
			k := sent(headers{"x-f5-witness": {witnessOf(standNow, row.received, row.sent)}})
			if row.change != nil {
				row.change(k)
			}
			line := object(t, s.run(t, k).Logs[0].Text)
			got := line["violations"].([]any)[0].(map[string]any)["place"]
			if line["witness"] != row.witness || got != string(row.place) {
				t.Errorf("witness %v, place %v; want %s, %s", line["witness"], got, row.witness, row.place)
			}
			if n := testutil.ToFloat64(s.metrics.witnesses.WithLabelValues(row.witness)); n != 1 {
				t.Errorf("%v witnesses counted as %s", n, row.witness)
			}
			if n := testutil.ToFloat64(s.metrics.violations.WithLabelValues("rules[1]", "missing", string(row.place), "enforce")); n != 1 {
				t.Errorf("%v violations counted at %s", n, row.place)
			}
		})
	}
}

// A passing request pays for the witness no more than its removal.
func TestTheWitnessNeverReachesTheUpstream(t *testing.T) {
	for _, mode := range []string{modeEnforce, modeAudit} {
		s := standOf(t, fmt.Sprintf(witnessed, mode))
		out := s.run(t, sent(headers{"x-tenant": {"a"}, "x-f5-witness": {"v1"}, "x_f5-witness": {"v1"}, "x-f5-witness-id": {"1"}}))
		if strings.Join(out.Cleared, " ") != "x-f5-witness x_f5-witness" || len(out.Calls) != 3 {
			t.Errorf("in %s: cleared %q by calls %q", mode, out.Cleared, out.Calls)
		}
		out = s.run(t, sent(headers{"x-tenant": {"a"}}))
		if len(out.Cleared) > 0 || len(out.Calls) != 1 {
			t.Errorf("in %s: cleared %q by calls %q", mode, out.Cleared, out.Calls)
		}
	}
}
