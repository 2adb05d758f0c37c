package tieredlimit

import (
	"strings"
	"testing"
	"time"
)

// The letters of a script: calls that go well, are slow, fail or say nothing, and probes that go well or fail.
var letters = map[rune]result{'w': wentWell, 's': wentSlowly, 'f': wentWrong, 'n': saidNothing, 'P': wentWell, 'F': wentWrong}

// play makes the calls and probes of a script one after the other, each with a time between them, and returns
// where the breaker stands. A call that is not let through fails the test.
func play(t *testing.T, b *breaker, now *time.Time, script string) position {
	t.Helper()
	for i, letter := range script {
		*now = now.Add(ms)
		if letter == 'P' || letter == 'F' {
			b.probed(letters[letter], *now)
			continue
		}
		turn, ok := b.enter()
		if !ok {
			t.Fatalf("call %d of %s is not let through", i+1, script)
		}
		b.leave(turn, "key", letters[letter], *now)
	}
	return b.at()
}

func TestWhereABreakerStands(t *testing.T) {
	trip := strings.Repeat("f", tripAfter)
	tests := map[string]struct {
		script string
		want   position
	}{
		"new":                         {"", positionClosed},
		"a few failures":              {trip[1:], positionClosed},
		"failures in a row":           {trip, positionOpen},
		"failures with answers":       {"ffffwffffwff", positionOpen}, // ten of the last twelve
		"some failures with answers":  {strings.Repeat("wffw", 1) + strings.Repeat("wwf", 20), positionClosed},
		"every other call fails":      {strings.Repeat("wf", 10), positionOpen},
		"old failures do not count":   {strings.Repeat("wf", 9) + strings.Repeat("w", 20) + strings.Repeat("wf", 9), positionClosed},
		"slow answers":                {strings.Repeat("s", tripBad), positionOpen},
		"a few slow answers":          {strings.Repeat("s", tripBad-1), positionClosed},
		"a slow answer is no failure": {"ffffsffff", positionClosed},
		"calls that say nothing":      {strings.Repeat("n", 50), positionClosed},
		"which do not end a row":      {"ffnnff" + "nf", positionOpen},
		"a probe that fails":          {trip + "F", positionOpen},
		"a probe that goes well":      {trip + "P", positionHalfOpen},
		"calls that follow it":        {trip + "Pwwww", positionHalfOpen},
		"and another":                 {trip + "Pwwwww", positionClosed},
		"probes do as well":           {trip + "PPPPPP", positionClosed},
		"a failure of those":          {trip + "Pwwf", positionOpen},
		"a slow one of those":         {trip + "Pwws", positionOpen},
		"a failed probe among those":  {trip + "PwwF", positionOpen},
		"nothing said among those":    {trip + "Pwwnnnw", positionHalfOpen},
		"failures start anew":         {"ffff" + "w" + trip + "PPPPPP" + trip[1:], positionClosed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			now := noon
			if got := play(t, &breaker{}, &now, test.script); got != test.want {
				t.Errorf("it is %s after %s, want %s", got, test.script, test.want)
			}
		})
	}
}

func TestAHalfOpenBreakerLetsMoreThroughWithEachCallThatGoesWell(t *testing.T) {
	b, now := &breaker{}, noon
	play(t, b, &now, "fffffP")
	for _, want := range []int{1, 2, 4, 8, 16} {
		turns := 0
		var turn uint64
		for {
			next, ok := b.enter()
			if !ok {
				break
			}
			turn, turns = next, turns+1
		}
		if turns != want {
			t.Errorf("%d calls are let through at once, want %d", turns, want)
		}
		for range turns - 1 {
			b.leave(turn, "key", saidNothing, now)
		}
		b.leave(turn, "key", wentWell, now)
	}
	if got := b.at(); got != positionClosed {
		t.Errorf("in the end it is %s", got)
	}
}

func TestCallsFromBeforeAChangeSayNothing(t *testing.T) {
	b, now := &breaker{}, noon
	before, _ := b.enter()
	play(t, b, &now, "fffffP")
	for range 10 {
		if b.leave(before, "key", wentWrong, now) {
			t.Fatal("a call from before opens a half-open breaker")
		}
	}
	play(t, b, &now, "wwwww")
	for range 10 {
		b.leave(before, "key", wentWrong, now)
	}
	if got := b.at(); got != positionClosed {
		t.Errorf("it is %s", got)
	}
}

// Each time that it opens costs some requests their timeout.
func TestABreakerThatOpensAgainAndAgainIsProbedLess(t *testing.T) {
	b, now := &breaker{}, noon
	open := func() time.Duration {
		turn, _ := b.enter()
		for range tripAfter {
			b.leave(turn, "the key", wentWrong, now)
		}
		for wait := time.Duration(0); ; wait += 100 * ms {
			if key, due := b.probe(now.Add(wait)); due {
				if key != "the key" {
					t.Errorf("it is probed with %q", key)
				}
				now = now.Add(wait)
				play(t, b, &now, "PPPPPP")
				return wait
			}
		}
	}
	var waits []time.Duration
	for range 8 {
		waits = append(waits, open())
	}
	for i, want := range []time.Duration{500 * ms, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, probeSeldom, probeSeldom, probeSeldom} {
		if waits[i] != want {
			t.Errorf("the first probe comes after %v, want %v: %v", waits[i], want, waits)
		}
	}
	now = now.Add(steady)
	if wait := open(); wait != probeEvery {
		t.Errorf("after it was steady the first probe comes after %v", wait)
	}
}

func TestAKeyIsProbedInItsSlot(t *testing.T) {
	for _, name := range keys(probeKey("consumer:1")) {
		_, rest, _ := strings.Cut(name, "{")
		if tag, _, _ := strings.Cut(rest, "}"); tag != "consumer:1" {
			t.Errorf("the hash tag of %s is %s", name, tag)
		}
	}
}
