package jwksverify

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/internal/kongtest"
)

func TestTokensInHeadersThatKongDoesNotRedactAreKeptOutOfItsLog(t *testing.T) {
	config := members{"header_names": []string{"Authorization", "X-Token"}}
	const redacted = "request.headers.x-token"
	for name, row := range map[string]struct {
		headers map[string][]string
		status  int // 0 for a request that passes
		want    []string
	}{
		"on a request that passes":     {map[string][]string{"x-token": {goodToken()}}, 0, []string{redacted}},
		"on one that is refused":       {map[string][]string{"x-token": {goodToken() + "x"}}, 401, []string{redacted}},
		"a header twice":               {map[string][]string{"x-token": {"a", "b"}}, 400, []string{redacted}},
		"in the spelling that came":    {map[string][]string{"x_token": {goodToken()}}, 0, []string{"request.headers.x_token"}},
		"in both spellings":            {map[string][]string{"x_token": {"a"}, "x-token": {"b"}}, 400, []string{redacted, "request.headers.x_token"}},
		"of a request that is unfit":   {map[string][]string{"x-token": {"a"}, "connection": {"x-consumer-id"}}, 400, []string{redacted}},
		"Authorization is Kong's task": {map[string][]string{"authorization": {"Bearer " + goodToken()}}, 0, nil},
		"no header, no call":           {map[string][]string{"x-tokens": {"a"}}, 401, nil},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				k := &kongtest.Kong{Headers: row.headers, Consumers: []kongtest.Consumer{testConsumer}}
				out := k.Run(t, w.build(t, config))
				status := 0
				if out.Exit != nil {
					status = out.Exit.Status
				}
				var got []string
				for key, value := range out.LogMembers {
					if value == "REDACTED" {
						got = append(got, key)
					}
				}
				slices.Sort(got)
				if diff := cmp.Diff(row.want, got); diff != "" || status != row.status {
					t.Errorf("status %d, redacted (-want +got):\n%s", status, diff)
				}
				if n := len(out.LogMembers) - len(got); n != 1 {
					t.Errorf("%d other members in the access log: %v", n, out.LogMembers)
				}
			})
		})
	}
}

func TestTheErrorLogTellsAllThatWasExpected(t *testing.T) {
	audiences := []string{testAudience + "/" + strings.Repeat("a", 200), "https://last.test"}
	issuers := []members{
		{"issuer": testIssuer, "jwks_uri": "https://auth.example.test/as/jwks", "audiences": audiences},
		{"issuer": testLongIssuer, "jwks_uri": "https://auth.example.test/as/jwks", "audiences": audiences},
	}
	for name, row := range map[string]struct {
		claims members
		want   string
	}{
		"the audiences": {members{}, "https://last.test"},
		"the issuers":   {members{"iss": "https://evil.test/" + strings.Repeat("e", 4000)}, testLongIssuer},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				out := request(mint(header(nil), goodClaims(row.claims), rsaKey()), nil).Run(t, w.build(t, members{"issuers": issuers}))
				if len(out.Logs) != 1 || !strings.Contains(out.Logs[0].Text, row.want) || len(out.Logs[0].Text) > 2000 {
					t.Errorf("logged %v, want %q in it", out.Logs, row.want)
				}
			})
		})
	}
}

func TestAVerifiedTokenThatIsRefusedTellsWhoseItIs(t *testing.T) {
	for reason, row := range map[string]struct{ config, claims members }{
		"scope":         {members{"required_scopes": []string{"admin"}}, nil},
		"expired":       {nil, members{"exp": testNow.Unix() - 60}},
		"not_yet_valid": {nil, members{"nbf": testNow.Unix() + 60}},
		"binding":       {nil, members{"cnf": members{"jkt": "x"}}},
		"claim":         {members{"required_claims": []members{{"claim": "absent"}}}, nil},
	} {
		t.Run(reason, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				out := request(mint(header(nil), goodClaims(row.claims), rsaKey()), nil).Run(t, w.build(t, row.config))
				want := map[string]any{"reason": reason, "issuer": testIssuer, "kid": "k1", "client_id": testClient, "sub": testSubHash}
				if diff := cmp.Diff(want, out.LogMembers["tollgate.jwks_verify"]); diff != "" {
					t.Errorf("access log (-want +got):\n%s", diff)
				}
				if out.Exit == nil || out.ConsumerID+out.CredentialID != "" {
					t.Errorf("answered %+v, authenticated %q %q", out.Exit, out.ConsumerID, out.CredentialID)
				}
			})
		})
	}
}

func TestHeadersThatKongDoesNotTellAreNotTheClientsFault(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		k := request(goodToken(), nil)
		k.Garble = map[string]bool{"kong.request.get_headers": true}
		out := k.Run(t, w.build(t, nil))
		if out.Exit == nil || out.Exit.Status != http.StatusInternalServerError || out.Exit.Headers["WWW-Authenticate"] != nil {
			t.Fatalf("answered %+v", out.Exit)
		}
		if len(out.Logs) != 1 || out.Logs[0].Level != "err" || w.counted(t, "tollgate_jwks_verify_total", "gateway") != 1 {
			t.Errorf("logged %v", out.Logs)
		}
	})
}

func TestAPeerThatKongDoesNotTellIsNotTheClientsFault(t *testing.T) {
	der := derOf(t, p256Key())
	sum := sha256.Sum256(der)
	for _, constraint := range []string{"optional", "required"} {
		t.Run(constraint, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				k := request(mint(header(nil), goodClaims(members{"cnf": members{"x5t#S256": b64(sum[:])}}), rsaKey()),
					map[string][]string{"x-cert": {certificateForms(der)["URL-encoded PEM"]}})
				k.PeerIP, k.Garble = "10.0.0.1", map[string]bool{"kong.client.get_ip": true}
				out := k.Run(t, w.build(t, members{
					"sender_constraint": constraint, "client_cert_header": "X-Cert", "trusted_peers": []string{"10.0.0.1"},
				}))
				if out.Exit == nil || out.Exit.Status != http.StatusInternalServerError || out.Exit.Headers["WWW-Authenticate"] != nil {
					t.Fatalf("answered %+v", out.Exit)
				}
				member, _ := out.LogMembers["tollgate.jwks_verify"].(map[string]any)
				if member["reason"] != "gateway" || w.counted(t, "tollgate_jwks_verify_total", "gateway") != 1 {
					t.Errorf("access log %v", member)
				}
				if len(out.Logs) != 1 || out.Logs[0].Level != "err" || !strings.Contains(out.Logs[0].Text, "kong.client.get_ip") {
					t.Errorf("logged %v", out.Logs)
				}
				if out.ConsumerID+out.CredentialID != "" {
					t.Error("it has an identity")
				}
			})
		})
	}
}

func TestForgedHeadersAreBounded(t *testing.T) {
	for forged, status := range map[int]int{maxForged: 0, maxForged + 1: http.StatusBadRequest} {
		t.Run(fmt.Sprint(forged), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				headers := map[string][]string{}
				for i := range forged {
					headers[fmt.Sprintf("x-consumer-%d", i)] = []string{"forged"}
				}
				out := request(goodToken(), headers).Run(t, w.build(t, nil))
				switch {
				case status == 0 && (out.Exit != nil || len(out.Cleared) != forged):
					t.Errorf("answered %+v, removed %d", out.Exit, len(out.Cleared))
				case status != 0 && (out.Exit == nil || out.Exit.Status != status || len(out.Cleared) != 0):
					t.Errorf("answered %+v, removed %d", out.Exit, len(out.Cleared))
				}
			})
		})
	}
}
