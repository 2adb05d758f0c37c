package tieredlimit

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// owing is a local part that has admitted some requests of a consumer, by a clock that a test sets.
func owing(t *testing.T, now *time.Time, requests int) *local {
	t.Helper()
	l := localAt(now, 1)
	admit(t, l, "a", requests)
	return l
}

func admit(t *testing.T, l *local, key string, requests int) {
	t.Helper()
	for range requests {
		if out := l.take(key, daily(t, 1000), 1); out.Admitted != 1 {
			t.Fatalf("got %+v", out)
		}
	}
}

func everyKey(string) bool { return true }

// only returns the one batch that is due.
func only(t *testing.T, l *local) *batch {
	t.Helper()
	due := l.batches(everyKey, localShards)
	if len(due) != 1 {
		t.Fatalf("%d batches are due, want 1", len(due))
	}
	return due[0]
}

func wantOwed(t *testing.T, l *local, when string, requests int64) {
	t.Helper()
	if _, got := l.owed(); got != requests {
		t.Errorf("%s: %d requests are owed, want %d", when, got, requests)
	}
}

func wantResult(t *testing.T, l *local, result string, requests float64) {
	t.Helper()
	if got := testutil.ToFloat64(l.metrics.debts.WithLabelValues(result)); got != requests {
		t.Errorf("%v requests are %s, want %v", got, result, requests)
	}
}

func TestWhatIsAdmittedMeanwhileIsOwedOnce(t *testing.T) {
	now := noon
	l := owing(t, &now, 5)
	b := only(t, l)
	if b.n != 5 || b.from != noon.Unix()-12*3600 || b.to != noon.Unix()+12*3600 {
		t.Errorf("batch %+v", b)
	}
	if more := l.batches(everyKey, localShards); len(more) != 0 {
		t.Errorf("while it is on its way, it is due again: %+v", more)
	}
	admit(t, l, "a", 2)
	l.settled(b, 905, 0)
	wantOwed(t, l, "after the first batch", 2)
	wantResult(t, l, debtsSettled, 5)
	if out := l.take("a", daily(t, 1000), 1); out.DayLeft != 92 { // 95 that Redis told of, less three
		t.Errorf("%d are left of the day", out.DayLeft)
	}
	next := only(t, l)
	if next.n != 3 || next.number <= b.number {
		t.Errorf("batch %+v after %+v", next, b)
	}
	l.settled(next, 908, 0)
	wantOwed(t, l, "in the end", 0)
	if more := l.batches(everyKey, localShards); len(more) != 0 {
		t.Errorf("in the end there is %+v", more)
	}
}

func TestABatchWithoutAnAnswerIsSentAgainUnderItsNumberUntilRedisMayForgetThat(t *testing.T) {
	now := noon
	l := owing(t, &now, 5)
	first := only(t, l)
	l.postponed(first, errors.New("timeout"))
	admit(t, l, "a", 1)
	for now.Before(noon.Add(giveUpAfter - 2*time.Minute)) {
		now = now.Add(10 * time.Minute)
		if now.After(noon.Add(giveUpAfter - 2*time.Minute)) {
			break
		}
		if again := only(t, l); again != first || again.n != 5 {
			t.Fatalf("after %v it is %+v", now.Sub(noon), again)
		}
		l.postponed(first, errors.New("timeout"))
	}
	now = noon.Add(giveUpAfter)
	l.postponed(only(t, l), errors.New("timeout"))
	wantResult(t, l, debtsUnknown, 5)
	if next := only(t, l); next.n != 1 || next.number == first.number {
		t.Errorf("then it is %+v", next)
	}
}

func TestABatchThatWasCertainlyNotDebitedIsAnotherOneLater(t *testing.T) {
	now := noon
	l := owing(t, &now, 5)
	first := only(t, l)
	l.postponed(first, fmt.Errorf("dialing: %w", errNothingDone))
	admit(t, l, "a", 1)
	now = now.Add(2 * giveUpAfter)
	if next := only(t, l); next.n != 6 || next.number == first.number {
		t.Errorf("then it is %+v", next)
	}
}

// An error tells of its own call only, and not of one before it.
func TestABatchThatMayHaveBeenDebitedOnceKeepsItsNumber(t *testing.T) {
	for name, later := range map[string]error{
		"and was then refused":      fmt.Errorf("debiting: %w", undone{redisAnswer("LOADING data")}),
		"and was then not sent":     errNothingDone,
		"and was then not answered": errors.New("timeout"),
	} {
		t.Run(name, func(t *testing.T) {
			now := noon
			l := owing(t, &now, 5)
			first := only(t, l)
			l.postponed(first, errors.New("timeout"))
			admit(t, l, "a", 1)
			for range 3 {
				if again := only(t, l); again != first || again.n != 5 {
					t.Fatalf("it is %+v, want %+v", again, first)
				}
				l.postponed(first, later)
			}
		})
	}
}

// What is owed to a shard that is away is not looked at again and again.
func TestDebtsThatCannotBeSettledCostLittle(t *testing.T) {
	now := noon
	l := localAt(&now, 1)
	for i := range localShards * sharesPerShard / 2 {
		l.take(fmt.Sprint(i), daily(t, 1000), 1)
	}
	looks := 0
	away := func(string) bool { looks++; return false }
	const runs = 10
	if allocated := testing.AllocsPerRun(runs-1, func() { l.batches(away, searchAtOnce) }); allocated > 0 {
		t.Errorf("%v allocations", allocated)
	}
	if most := runs * searchAtOnce * sharesPerShard; looks > most {
		t.Errorf("%d counts were looked at, want at most %d", looks, most)
	}
}

func TestADayThatHasEndedOwesNothing(t *testing.T) {
	now := noon
	l := owing(t, &now, 5)
	now = noon.Add(12 * time.Hour)
	if due := l.batches(everyKey, localShards); len(due) != 0 {
		t.Errorf("due are %+v", due)
	}
	wantOwed(t, l, "after midnight", 0)
	admit(t, l, "a", 2)
	if b := only(t, l); b.n != 2 {
		t.Errorf("of the next day %d are owed", b.n)
	}
}

func TestABatchThatCrossesMidnightTakesNothingOffTheNextDay(t *testing.T) {
	now := noon
	l := owing(t, &now, 5)
	b := only(t, l)
	now = noon.Add(12 * time.Hour)
	admit(t, l, "a", 2)
	l.settled(b, 500, 0)
	wantOwed(t, l, "of the next day", 2)
}

func TestBatchesAreOfTheKeysThatRedisIsAskedFor(t *testing.T) {
	now := noon
	l := owing(t, &now, 1)
	admit(t, l, "b", 1)
	b := l.batches(func(key string) bool { return key == "b" }, localShards)
	if len(b) != 1 || b[0].key != "b" {
		t.Errorf("batches %+v", b)
	}
	l.dropped(b[0], debtsRefused)
	wantResult(t, l, debtsRefused, 1)
	if a := only(t, l); a.key != "a" {
		t.Errorf("later it is %+v", a)
	}
}

func TestBatchesComeInTurn(t *testing.T) {
	now := noon
	l := localAt(&now, 1)
	const counts = 500
	for i := range counts {
		admit(t, l, fmt.Sprint(i), 1)
	}
	seen := map[string]bool{}
	for range counts / settleAtOnce * 2 {
		due := l.batches(everyKey, localShards)
		if len(due) > settleAtOnce {
			t.Fatalf("%d at once", len(due))
		}
		for _, b := range due {
			if seen[b.key] {
				t.Fatalf("%s is due twice", b.key)
			}
			seen[b.key] = true
			l.settled(b, 1, 0)
		}
	}
	if len(seen) != counts {
		t.Errorf("%d of %d came", len(seen), counts)
	}
}
