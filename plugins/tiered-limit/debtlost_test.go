package tieredlimit

import (
	"errors"
	"testing"
	"time"
)

// While Redis is away nothing is sent, and nothing is given up: that comes when it is back.
func TestABatchWhoseNumberRedisMayHaveForgottenIsNotSent(t *testing.T) {
	now := noon
	l := owing(t, &now, 5)
	l.postponed(only(t, l), errors.New("timeout"))
	admit(t, l, "a", 1)
	now = noon.Add(giveUpAfter)
	if next := only(t, l); next.n != 1 {
		t.Errorf("after an hour %d are sent, want those of later", next.n)
	}
	wantResult(t, l, debtsUnknown, 5)
}

func TestABatchOfADayThatIsNotThatOfRedisComesAgainUnlessItMayHaveBeenDebited(t *testing.T) {
	now := noon
	l := owing(t, &now, 5)
	l.misdated(only(t, l))
	again := only(t, l)
	l.postponed(again, errors.New("timeout"))
	l.misdated(only(t, l))
	wantResult(t, l, debtsUnknown, 5)
	wantOwed(t, l, "in the end", 0)
}

// However what is owed to a day is found to come too late, it is counted as lost, once.
func TestDebtsOfADayThatHasEndedAreCountedAsLost(t *testing.T) {
	for name, find := range map[string]func(*local){
		"by the next request":        func(l *local) { l.take("a", daily(t, 1000), 1) },
		"by one that is let pass":    func(l *local) { l.note("a", daily(t, 1000)) },
		"where Redis may be told":    func(l *local) { l.batches(everyKey, localShards) },
		"where counts are forgotten": func(l *local) { l.sweep() },
		"by another that needs room": func(l *local) {
			s := l.shard("a")
			l.evict(s, l.clock())
		},
	} {
		t.Run(name, func(t *testing.T) {
			now := noon
			l := owing(t, &now, 5)
			l.postponed(only(t, l), errNothingDone)
			l.sweep()
			wantResult(t, l, debtsEnded, 0)
			now = now.Add(12 * time.Hour)
			find(l)
			wantResult(t, l, debtsEnded, 5)
			now = now.Add(time.Minute)
			l.batches(everyKey, localShards)
			l.sweep()
			wantResult(t, l, debtsEnded, 5)
		})
	}
}

// What is on its way when the day ends is given up an hour after its first try, also where nobody sends any more.
func TestABatchThatNobodySendsIsGivenUpToo(t *testing.T) {
	now := noon
	l := owing(t, &now, 5)
	l.postponed(only(t, l), errors.New("timeout"))
	admit(t, l, "a", 2)
	now = now.Add(13 * time.Hour)
	l.sweep()
	wantResult(t, l, debtsUnknown, 5)
	wantResult(t, l, debtsEnded, 2)
	if n := l.size.Load(); n != 0 {
		t.Errorf("%d counts are left", n)
	}
}

// A count that is asked for in another time zone has another day: what it owed to the first is lost, and said.
func TestDebtsOfADayInAnotherTimeZoneAreCountedAsLost(t *testing.T) {
	now := noon
	l := owing(t, &now, 5)
	b := only(t, l)
	admit(t, l, "a", 2)
	now = now.Add(4 * time.Hour) // in Tokyo a day has begun
	tokyo := Limits{Quota: 1000, Days: daysOf(t, "Asia/Tokyo")}
	for range 3 {
		l.take("a", tokyo, 1)
	}
	wantResult(t, l, debtsZone, 2)
	l.settled(b, 5, 0)
	wantOwed(t, l, "to the day in Tokyo", 3)
	now = now.Add(24 * time.Hour)
	l.take("a", tokyo, 1)
	wantResult(t, l, debtsZone, 2)
	wantResult(t, l, debtsEnded, 3)
	wantOwed(t, l, "to the day after that", 1)
}
