package headerguard

import (
	"strings"
	"testing"
)

// TestFingerprint shows what an operator computes to find a value in the log:
// printf %s s3cret | openssl dgst -sha256 -hmac 0123456789abcdef | cut -c-16, after what openssl says before.
func TestFingerprint(t *testing.T) {
	keyed := fingerprints{[]byte("0123456789abcdef")}
	if got := keyed.of("s3cret"); got != "8448ea517196bc2b" {
		t.Errorf("fingerprint %s", got)
	}
	if keyed.of("s3cret") == keyed.of("s3cres") || keyed.of("s3cret") == (fingerprints{[]byte("another key of it")}).of("s3cret") {
		t.Error("different values or keys have one fingerprint")
	}
	if got := keyed.of("") + (fingerprints{}).of("s3cret"); got != "" {
		t.Errorf("a fingerprint of nothing, or without a key: %s", got)
	}
}

func TestLoggedPathIsOneBoundedLineOfASCII(t *testing.T) {
	for path, want := range map[string]string{
		"/a/b%20c":               "/a/b%20c",
		"/a b\n\x1b[31m\x7f":     "/a%20b%0A%1B[31m%7F",
		"/\xc3\xa9\"\\":          "/%C3%A9%22%5C",
		strings.Repeat("/", 300): strings.Repeat("/", 200) + "...",
	} {
		if got := loggedPath(path); got != want {
			t.Errorf("%q is logged as %q, want %q", path, got, want)
		}
	}
}

func TestTheAuditHeaderIsAListOfTokens(t *testing.T) {
	faults := []fault{
		{check: &check{name: "rules[1]"}, header: "x-tenant", reason: Missing, place: StrippedByF5},
		{check: &check{name: checkPeer}, reason: UntrustedPeer, place: Unknown},
	}
	const want = `missing;rule="rules[1]";place=stripped_by_f5;header="x-tenant", untrusted_peer;rule="untrusted_peer";place=unknown`
	if got := auditValue(faults); got != want {
		t.Errorf("value %s", got)
	}
}
