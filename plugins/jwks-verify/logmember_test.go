package jwksverify

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var testLongIssuer = "https://" + strings.Repeat("i", 200) + ".test"

func TestLogMember(t *testing.T) {
	token := claims{"client_id": "app", "sub": "user-7"}
	for name, row := range map[string]struct {
		logSub, issuer string
		v              verdict
		claims         claims
		want           map[string]any
	}{
		"a token that passes, sub plain": {logSubPlain, testIssuer, verdict{reason: reasonOK, kid: "k1"}, token,
			map[string]any{"reason": "ok", "issuer": testIssuer, "kid": "k1", "client_id": "app", "sub": "user-7"}},
		"sub hashed": {logSubHash, testIssuer, verdict{reason: reasonOK, kid: "k1"}, token,
			map[string]any{"reason": "ok", "issuer": testIssuer, "kid": "k1", "client_id": "app", "sub": testSubHash}},
		"sub left out": {logSubNone, testIssuer, verdict{reason: reasonOK}, token,
			map[string]any{"reason": "ok", "issuer": testIssuer, "client_id": "app"}},
		"a good token without a consumer": {logSubPlain, testIssuer, verdict{reason: reasonConsumer}, token,
			map[string]any{"reason": "consumer", "issuer": testIssuer, "client_id": "app", "sub": "user-7"}},
		"a refused token tells its kid alone": {logSubPlain, testIssuer, verdict{reason: reasonSignature, kid: "k1"}, nil,
			map[string]any{"reason": "signature", "issuer": testIssuer, "kid": "k1"}},
		"an unknown issuer is not repeated": {logSubPlain, "", verdict{reason: reasonIssuer, kid: "k1"}, nil,
			map[string]any{"reason": "issuer", "kid": "k1"}},
		"a kid that is no plain text": {logSubPlain, "", verdict{reason: reasonKidUnknown, kid: "a\"\x1b[31m\nü"}, nil,
			map[string]any{"reason": "kid_unknown", "kid": `a\"\x1b[31m\n\u00fc`}},
		"an issuer is configured, and never cut": {logSubPlain, testLongIssuer, verdict{reason: reasonSignature}, nil,
			map[string]any{"reason": "signature", "issuer": testLongIssuer}},
		"long values are cut": {logSubPlain, testIssuer, verdict{reason: reasonOK, kid: strings.Repeat("k", 200)}, claims{"client_id": strings.Repeat("ü", 200)},
			map[string]any{"reason": "ok", "issuer": testIssuer, "kid": strings.Repeat("k", 120), "client_id": strings.Repeat("ü", 60)}},
	} {
		t.Run(name, func(t *testing.T) {
			if row.claims != nil {
				row.v.identity = newIdentifier(&Config{LogSub: row.logSub}).of(row.issuer, row.v.kid, row.claims)
			}
			if diff := cmp.Diff(row.want, logMember(row.v, row.issuer)); diff != "" {
				t.Errorf("member (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheHashOfASubjectIsItsIssuersOwn(t *testing.T) {
	if hashedSub("https://a.test", "x") == hashedSub("https://b.test", "x") {
		t.Error("two people have one hash")
	}
	if strings.Contains(hashedSub("https://a.test", "alice"), "alice") {
		t.Error("the hash tells the subject")
	}
}

func TestALoggedIdentityServesMoreThanOneRequest(t *testing.T) {
	id := newIdentifier(&Config{LogSub: logSubNone}).of(testIssuer, "k1", claims{"client_id": "app"})
	logMember(verdict{reason: reasonConsumer, identity: id}, testIssuer)
	want := map[string]any{"reason": "ok", "issuer": testIssuer, "kid": "k1", "client_id": "app"}
	if diff := cmp.Diff(want, logMember(verdict{reason: reasonOK, identity: id}, testIssuer)); diff != "" {
		t.Errorf("a request changed what the next one finds (-want +got):\n%s", diff)
	}
}
