package headerguard

import (
	"os"
	"strings"
	"testing"

	"tollgate/internal/schema/schematest"
)

func TestReadmeAndConfigAreAsTheSchemaSays(t *testing.T) { schematest.Check[Config](t, Schema()) }

func TestReadmeNamesEveryReasonPlaceAndDecision(t *testing.T) {
	readme := readme(t)
	for _, name := range []string{
		string(Missing), string(Blank), string(TooShort), string(TooLong), string(Pattern), string(NotAllowed), string(Duplicate),
		string(NotUTF8), string(Alias), string(Spoofed), string(UntrustedPeer), string(ForwardedProto), string(ForwardedHost),
		string(ForwardedFor), string(HopByHop), string(HostMismatch), string(ContentLength),
		string(NotSentByClient), string(StrippedByF5), string(StrippedAfterF5), string(AddedByClient), string(AddedByF5), string(Unknown),
		string(passed), string(exempt), string(audited), string(rejected), string(unread), challenge,
		presetAuthorization, presetForwarded, presetHost, presetTLSOffload,
	} {
		if !strings.Contains(readme, "`"+name) && !strings.Contains(readme, name+"`") {
			t.Errorf("README.md does not name %s", name)
		}
	}
}

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
