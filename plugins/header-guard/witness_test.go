package headerguard

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tollgate/test/witnessvector"
)

func TestTheSharedExamplesAreRead(t *testing.T) {
	for _, v := range witnessvector.Load(t, "../..").Accepted {
		t.Run(v.Name, func(t *testing.T) {
			line := readRequestLine(v.Method + " " + v.RequestTarget() + " HTTP/1.1")
			told, err := witnessesOf(v.Secret).read(v.Value, seen{line.method, v.Host, line.path}, time.Unix(v.Time, 0))
			if fault := faultOf(err); fault != v.Fault {
				t.Fatalf("fault %q, want %q", fault, v.Fault)
			}
			for _, c := range v.Places {
				f := fault{name: c.Header, reason: Reason(c.Reason), came: c.Here, limit: max(c.Limit, 1)}
				if got := told.place(&f); got != Place(c.Place) {
					t.Errorf("%s, %s of %d, here %v: %s, want %s", c.Header, c.Reason, f.limit, c.Here, got, c.Place)
				}
			}
		})
	}
}

func TestTheSharedExamplesAreRefused(t *testing.T) {
	for _, r := range witnessvector.Load(t, "../..").Refused {
		t.Run(r.Name, func(t *testing.T) {
			told, err := witnessesOf(r.Secrets...).read(r.Value, seen{r.Method, r.Host, r.Path}, time.Unix(r.Now, 0))
			if fault := faultOf(err); fault != r.Fault {
				t.Errorf("fault %q, want %q", fault, r.Fault)
			}
			if told != (testimony{}) {
				t.Errorf("a refused witness tells %+v", told)
			}
		})
	}
}

func TestBothKeysAreAccepted(t *testing.T) {
	v := example(t, "nothing was changed")
	for name, w := range map[string]*witnesses{
		"the first":  witnessesOf(v.Secret, "a-key-of-thirty-two-bytes-at-least"),
		"the second": witnessesOf("a-key-of-thirty-two-bytes-at-least", v.Secret),
	} {
		if _, err := w.read(v.Value, seen{v.Method, v.Host, v.Path}, time.Unix(v.Time, 0)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := witnessesOf().read(v.Value, seen{v.Method, v.Host, v.Path}, time.Unix(v.Time, 0)); !errors.Is(err, faultDigest) {
		t.Errorf("without keys: %v", err)
	}
}

func TestTheClockMayBeOffByTheWindowBothWays(t *testing.T) {
	v := example(t, "nothing was changed")
	for _, row := range []struct {
		name string
		off  time.Duration
		want string
	}{
		{"not at all", 0, ""},
		{"behind, by the window", window, ""},
		{"behind, by more", window + time.Nanosecond, "clock"},
		{"ahead, by the window", -window, ""},
		{"ahead, by more", -window - time.Nanosecond, "clock"},
		{"by years", 20 * 365 * 24 * time.Hour, "clock"},
		{"by more than a duration holds", -1 << 62, "clock"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := witnessesOf(v.Secret).read(v.Value, seen{v.Method, v.Host, v.Path}, time.Unix(v.Time, 0).Add(row.off))
			if got := faultOf(err); got != row.want {
				t.Errorf("fault %q, want %q", got, row.want)
			}
		})
	}
}

// TestALineFeedMovesNothing: the signed text would be the same, had the host a line of the path's.
func TestALineFeedMovesNothing(t *testing.T) {
	v := example(t, "nothing was changed")
	w := witnessesOf(v.Secret)
	for _, s := range []seen{
		{v.Method + "\n" + v.Host, v.Path, ""},
		{v.Method, v.Host + "\n" + v.Path, ""},
		{"", v.Method + "\n" + v.Host, v.Path},
	} {
		if _, err := w.read(v.Value, s, time.Unix(v.Time, 0)); !errors.Is(err, faultDigest) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestEveryByteOfAWitnessCounts(t *testing.T) {
	v := example(t, "one header erased, one deleted")
	w := witnessesOf(v.Secret)
	for i := range len(v.Value) {
		for _, flip := range []byte{1, 0x20, 0x80} {
			changed := []byte(v.Value)
			changed[i] ^= flip
			if told, err := w.read(string(changed), seen{v.Method, v.Host, v.Path}, time.Unix(v.Time, 0)); err == nil || told != (testimony{}) {
				t.Errorf("byte %d may be %q", i, changed[i])
			}
		}
	}
}

func TestWithoutAWitnessEveryPlaceIsUnknown(t *testing.T) {
	for _, r := range []Reason{Missing, Blank, Spoofed, Duplicate, Pattern} {
		if got := (testimony{}).place(&fault{name: "authorization", reason: r, came: r != Missing}); got != Unknown {
			t.Errorf("%s: %s", r, got)
		}
	}
}

func TestFaultsHoldNothingOfTheWitness(t *testing.T) {
	for _, r := range witnessvector.Load(t, "../..").Refused {
		_, err := witnessesOf(r.Secrets...).read(r.Value, seen{r.Method, r.Host, r.Path}, time.Unix(r.Now, 0))
		if !slices.Contains([]string{"malformed", "version", "digest", "clock", "too_large"}, faultOf(err)) {
			t.Errorf("%s: %v is no fault of the list", r.Name, err)
		}
	}
}

// TestTheCostOfAWitnessIsBounded: a reader works on what a stranger sends, as often as he sends it.
func TestTheCostOfAWitnessIsBounded(t *testing.T) {
	v := example(t, "nothing was changed")
	w := witnessesOf(v.Secret)
	s, at := seen{v.Method, v.Host, v.Path}, time.Unix(v.Time, 0)
	for name, row := range map[string]struct {
		value string
		most  float64
	}{
		"one that is right":          {v.Value, 16},
		"one that is too large":      {strings.Repeat("v1;", maxWitness), 0},
		"one that is no witness":     {strings.Repeat(";", maxWitness), 0},
		"one of thousands of names":  {"v1;t=1;r=" + strings.Repeat("a,", maxWitness/2-50) + ";s=;d=" + strings.Repeat("A", 43), 16},
		"one without a right digest": {v.Value[:len(v.Value)-43] + strings.Repeat("A", 43), 16},
	} {
		if n := testing.AllocsPerRun(50, func() { _, _ = w.read(row.value, s, at) }); n > row.most {
			t.Errorf("%s: %v allocations, want %v at most", name, n, row.most)
		}
	}
}

const window = 30 * time.Second

func witnessesOf(secrets ...string) *witnesses {
	return newWitnesses(WitnessConfig{Secrets: secrets, WindowSeconds: int(window / time.Second)})
}

func faultOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func example(tb testing.TB, name string) witnessvector.Vector {
	tb.Helper()
	for _, v := range witnessvector.Load(tb, "../..").Accepted {
		if v.Name == name {
			return v
		}
	}
	tb.Fatalf("there is no example %q", name)
	return witnessvector.Vector{}
}
