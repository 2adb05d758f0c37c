package irule

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/test/witnessvector"
)

const (
	header = "X-F5-Witness"
	secret = "a-secret-of-the-rule-s-own-tests-1"
	now    = 1767225600
)

func TestTheRuleWritesTheSharedExamples(t *testing.T) {
	for _, v := range witnessvector.Load(t, root).Accepted {
		t.Run(v.Name, func(t *testing.T) {
			b := newBigip(t, v.Secret, v.Time)
			b.receives(v.Method, v.RequestTarget(), v.Received...)
			b.changes(v.Sent...)
			want := append(slices.Clone(v.Sent), line{header, v.Value})
			if diff := cmp.Diff(want, b.releases()); diff != "" {
				t.Errorf("header lines (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{v.Covered}, b.signed); diff != "" {
				t.Errorf("signed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAClientsWitnessGoesBeforeAnythingElseIsDone(t *testing.T) {
	b := newBigip(t, secret, now)
	b.receives("GET", "/", line{"x-f5-witness", "v1"}, line{"Host", "a"}, line{"X-F5-WITNESS", "v1"}, line{"X-F5-Witness", ""})
	if diff := cmp.Diff([]line{{"Host", "a"}}, b.shows()); diff != "" {
		t.Errorf("header lines after HTTP_REQUEST (-want +got):\n%s", diff)
	}
	if got := witnessOf(t, b.releases()); !strings.Contains(got, ";r=host;s=host;") {
		t.Errorf("witness %s", got)
	}
}

func TestAConnectionsRequestsAreToldApart(t *testing.T) {
	b := newBigip(t, secret, now)
	b.receives("GET", "/", line{"Host", "a"}, line{"Authorization", "x"})
	b.releases()
	b.receives("GET", "/", line{"Host", "a"})
	if got := witnessOf(t, b.releases()); !strings.Contains(got, ";r=host;s=host;") {
		t.Errorf("witness %s", got)
	}
	if got := witnessOf(t, b.releases()); !strings.Contains(got, ";r=host;s=host;") {
		t.Errorf("a second release makes of it %s", got)
	}
}

// TestAFailureLeavesNothingOfThePreviousRequest: what another request had would be a false witness.
func TestAFailureLeavesNothingOfThePreviousRequest(t *testing.T) {
	b := newBigip(t, secret, now)
	b.receives("GET", "/", line{"Host", "a"}, line{"Authorization", "x"})
	b.releases()
	b.say("break names")
	b.receives("GET", "/", line{"Host", "a"})
	b.say("break nothing")
	if diff := cmp.Diff([]line{{"Host", "a"}}, b.releases()); diff != "" {
		t.Errorf("header lines (-want +got):\n%s", diff)
	}
}

func TestTheRuleIsFirstAndLast(t *testing.T) {
	b := newBigip(t, secret, now)
	for event, want := range map[string]string{"HTTP_REQUEST": "1", "HTTP_REQUEST_RELEASE": "1000"} {
		b.say("priority %s", event)
		if got := b.hears(); len(got) != 1 || got[0][0] != want {
			t.Errorf("%s has the priority %q, want %s of 1 to 1000", event, got, want)
		}
	}
}

// TestNoFailureCostsARequest also holds the rule to saying nothing rather than something wrong.
func TestNoFailureCostsARequest(t *testing.T) {
	for _, row := range []struct {
		name, key, method, target, breaks string
	}{
		{"there is no data group", secret, "GET", "/", "class"},
		{"the cryptography fails", secret, "GET", "/", "sign"},
		{"the names cannot be read", secret, "GET", "/", "names"},
		{"the key is too short", secret[:31], "GET", "/", "nothing"},
		{"there is no key", "", "GET", "/", "nothing"},
		{"the path has a line feed", secret, "GET", "/a\nb", "nothing"},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := newBigip(t, row.key, now)
			b.say("break %s", row.breaks)
			b.receives(row.method, row.target, line{"Host", "a"}, line{header, "forged"})
			if diff := cmp.Diff([]line{{"Host", "a"}}, b.releases()); diff != "" {
				t.Errorf("header lines (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWithoutARequestSeenThereIsNoWitness(t *testing.T) {
	b := newBigip(t, secret, now)
	b.say("request %x %x", "GET", "/")
	b.holds([]line{{"Host", "a"}, {header, "forged"}})
	if diff := cmp.Diff([]line{{"Host", "a"}}, b.releases()); diff != "" {
		t.Errorf("header lines (-want +got):\n%s", diff)
	}
}

func TestTheRoomIsKept(t *testing.T) {
	for _, h := range witnessvector.Heads() {
		t.Run(h.Name, func(t *testing.T) {
			b := newBigip(t, secret, now)
			host := line{"Host", "a"}
			b.receives("GET", h.Path, append(slices.Clone(h.Received), host)...)
			b.changes(append(slices.Clone(h.Sent), host)...)
			value := ""
			if lines := b.releases(); len(lines) > len(h.Sent)+1 {
				value = witnessOf(t, lines)
			}
			if witnessvector.ListsOf(value) != h.Want || len(value) > 4096 {
				t.Errorf("witness of %d bytes: %.80s, want its lists %s", len(value), value, h.Want)
			}
		})
	}
}

// TestAClientCannotMakeTheRuleWork counts commands, which is what a rule costs: no event may take one for each
// byte that a client sends.
func TestAClientCannotMakeTheRuleWork(t *testing.T) {
	const lines = 64 // are what a BIG-IP takes
	for _, row := range []struct {
		name   string
		length int
		most   int // commands of an event
	}{
		{"names of usual length", 20, 40 * lines},
		{"names as long as are listed", 4096/lines - 1, 40 * lines},
		{"names longer than are listed", 4096 / lines, 40 * lines},
		{"names as long as leave room to say so", 12000 / lines, 40 * lines},
		{"names that leave none", 25000 / lines, 2 * lines},
	} {
		t.Run(row.name, func(t *testing.T) {
			var all []line
			for i := range lines - 1 {
				all = append(all, line{strings.Repeat("~", row.length-2) + string(rune('A'+i%26)) + string(rune('A'+i/26)), "v"})
			}
			b := newBigip(t, secret, now)
			b.receives("GET", "/", append(all, line{"Host", "a"})...)
			atReceipt := b.steps()
			b.releases()
			if atRelease := b.steps(); atReceipt > row.most || atRelease > row.most || atReceipt < 1 || atRelease < 1 {
				t.Errorf("%d commands when it comes and %d when it leaves, want %d at most", atReceipt, atRelease, row.most)
			}
		})
	}
}

// TestAnotherReleaseSaysWhatIsTrueThen: the event may come again for the same request.
func TestAnotherReleaseSaysWhatIsTrueThen(t *testing.T) {
	b := newBigip(t, secret, now)
	b.receives("GET", "/", line{"Host", "a"})
	b.changes(line{"Host", "a"}, line{strings.Repeat("n", 5000), "v"})
	if got := witnessOf(t, b.releases()); !strings.Contains(got, ";r=*;s=*;") {
		t.Errorf("first witness %.80s", got)
	}
	b.changes(line{"Host", "a"})
	if got := witnessOf(t, b.releases()); !strings.Contains(got, ";r=host;s=host;") {
		t.Errorf("second witness %.80s", got)
	}
}

// witnessOf returns the one witness among the header lines, which stands last.
func witnessOf(t *testing.T, lines []line) string {
	t.Helper()
	at := slices.IndexFunc(lines, func(l line) bool { return strings.EqualFold(l[0], header) })
	if at < 0 || at != len(lines)-1 {
		t.Fatalf("the witness is line %d of %d", at+1, len(lines))
	}
	return lines[at][1]
}
