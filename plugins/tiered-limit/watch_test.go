package tieredlimit

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"tollgate/test/redisproc"
	"tollgate/test/redistest"
)

// watchOn returns a watch over a Redis, with one consumer denied for the day, and a clock to shift.
func watchOn(t *testing.T, addr string) (w *watch, ahead *time.Duration) {
	t.Helper()
	return watchOver(t, openRedis(t, addr, limitScript))
}

func watchOver(t *testing.T, s *redisStore) (w *watch, ahead *time.Duration) {
	t.Helper()
	ahead = new(time.Duration)
	w = &watch{
		client: s.client, timeout: 5 * time.Second, denials: newDenials(), log: slog.New(slog.DiscardHandler),
		now: func() time.Time { return time.Now().Add(*ahead) },
	}
	deny(t, w)
	w.look(t.Context())
	deny(t, w)
	return w, ahead
}

// dayLane is a consumer who can be exhausted for a day.
func dayLane(t *testing.T) lane {
	t.Helper()
	return lane{"default:consumer:1", tier{"free", daily(t, 5)}}
}

func deny(t *testing.T, w *watch) {
	t.Helper()
	w.denials.remember(dayLane(t), w.now(), Outcome{DayEnds: 12 * time.Hour}, w.denials.epoch.Load())
	wantDenied(t, w, "after the store said so", true)
}

func wantDenied(t *testing.T, w *watch, when string, want bool) {
	t.Helper()
	if _, denied := w.denials.lookup(dayLane(t), w.now()); denied != want {
		t.Errorf("%s: denied %v, want %v", when, denied, want)
	}
}

func TestDenialsEndWhenTheyMayBeWrong(t *testing.T) {
	for kind, start := range servers {
		t.Run(kind, func(t *testing.T) {
			w, ahead := watchOn(t, start(t))
			for range 3 {
				w.look(t.Context())
			}
			wantDenied(t, w, "nothing has changed", true)

			if err := w.client.Set(t.Context(), generationKey, newGeneration(), 0).Err(); err != nil {
				t.Fatal(err)
			}
			w.look(t.Context())
			wantDenied(t, w, "an operator has changed a count", false)

			deny(t, w)
			if err := w.client.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			w.look(t.Context())
			wantDenied(t, w, "redis has lost its data", false)

			deny(t, w)
			*ahead -= time.Second // as if Redis' clock had been put forward
			w.look(t.Context())
			wantDenied(t, w, "a clock was set", false)

			deny(t, w)
			*ahead += time.Second
			w.look(t.Context())
			wantDenied(t, w, "a clock was set back", false)

			deny(t, w)
			w.look(t.Context())
			wantDenied(t, w, "nothing has changed since", true)
		})
	}
}

// A Redis that was started with an older snapshot has the generation of before, and counts less.
func TestDenialsEndWhenRedisWasStartedAnew(t *testing.T) {
	before, after := redistest.Start(t), redistest.Start(t)
	w, _ := watchOn(t, before)
	was := w.client
	w.client = openRedis(t, after, limitScript).client
	if err := w.client.Set(t.Context(), generationKey, was.Get(t.Context(), generationKey).Val(), 0).Err(); err != nil {
		t.Fatal(err)
	}
	w.look(t.Context())
	wantDenied(t, w, "another redis has the same generation", false)
}

func TestAWatchThatMayNotLookSaysSoOnce(t *testing.T) {
	m := redistest.Embedded(t)
	w, _ := watchOn(t, m.Addr())
	var log bytes.Buffer
	w.log = slog.New(slog.NewTextHandler(&log, nil))
	m.SetError("NOPERM no permissions to access one of the keys")
	for range 3 {
		w.look(t.Context())
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 1 || !strings.Contains(log.String(), "NOPERM") {
		t.Errorf("logged %s", log.String())
	}
	m.SetError("")
	w.look(t.Context())
	if n := strings.Count(log.String(), "see again"); n != 1 {
		t.Errorf("logged %s", log.String())
	}
}

// On a Redis that is empty the watch makes the generation (SET with NX), for which its user may lack the right.
func TestAWatchWhoseUserMayNotMarkAnEmptyRedisSaysSo(t *testing.T) {
	c := redisAt(redistest.StartWith(t, redisproc.Options{Settings: []string{"user tollgate on >hunter2 ~tollgate:* +@all -set"}}).Addr)
	c.Username, c.Password = "tollgate", "hunter2"
	var log bytes.Buffer
	w := &watch{
		client: openRecord(t, c, limitScript).client, timeout: 5 * time.Second, denials: newDenials(), now: time.Now,
		log: slog.New(slog.NewTextHandler(&log, nil)),
	}
	deny(t, w)
	w.look(t.Context())
	if n := strings.Count(log.String(), "level=WARN"); n != 1 || !strings.Contains(log.String(), "lacks a right") {
		t.Errorf("logged %s", log.String())
	}
}

// What can be seen of a cluster counts, whatever of it cannot.
func TestAPartOfAClusterThatIsAwayHidesNothing(t *testing.T) {
	seen := func(run string, ahead time.Duration) glimpse { return glimpse{seen: true, runID: run, ahead: ahead} }
	before := view{"g", map[string]glimpse{"a": seen("1", 0), "b": seen("2", 0)}}
	for _, row := range []struct {
		name string
		now  view
		want bool
	}{
		{"nothing has changed", before, false},
		{"one is away", view{"g", map[string]glimpse{"a": seen("1", 0), "b": {}}}, false},
		{"all are away", view{"", map[string]glimpse{"a": {}, "b": {}}}, false},
		{"it is not known who there is", view{"g", nil}, false},
		{"one is away, and a count was changed", view{"h", map[string]glimpse{"a": seen("1", 0), "b": {}}}, true},
		{"one is away, and another was started anew", view{"g", map[string]glimpse{"a": seen("3", 0), "b": {}}}, true},
		{"one is away with the generation, and another had its clock set", view{"", map[string]glimpse{"a": seen("1", time.Second), "b": {}}}, true},
		{"another has taken its place", view{"g", map[string]glimpse{"a": seen("1", 0), "c": {}}}, true},
		{"one has left", view{"g", map[string]glimpse{"a": seen("1", 0)}}, true},
	} {
		if got := row.now.differs(before); got != row.want {
			t.Errorf("%s: differs %v", row.name, got)
		}
	}
	away := view{"", map[string]glimpse{"a": {}, "b": {}}}
	if away.differs(view{}) {
		t.Error("a first look that sees nothing differs")
	}
	if back := away.over(before); before.differs(back) || !(view{"g", map[string]glimpse{"a": seen("1", 0), "b": seen("4", 0)}}).differs(back) {
		t.Errorf("what was seen before is forgotten: %+v", back)
	}
}

// A grant is heard of while a shard is away.
func TestAGrantIsHeardOfWithoutAShard(t *testing.T) {
	t.Parallel() // a cluster takes seconds to agree
	addrs := redistest.StartCluster(t, 3)
	shardOf := func(tag string) int { return int(crc16(tag)) % 16384 * 3 / 16384 }
	stays := shardOf("generation")
	for _, addr := range addrs {
		redistest.Await(t, addr, "a setting", func(c *redis.Client) bool {
			return c.ConfigSet(t.Context(), "cluster-require-full-coverage", "no").Err() == nil
		})
	}
	w, _ := watchOver(t, openRecord(t, byNodes(t, addrs...), limitScript))
	gone := addrs[(stays+1)%3]
	redistest.Await(t, gone, "its end", func(c *redis.Client) bool {
		c.ShutdownNoSave(t.Context()) // its error is that it hangs up
		return true
	})
	w.look(t.Context())
	wantDenied(t, w, "a shard is away", true)
	redistest.Await(t, addrs[stays], "a grant", func(c *redis.Client) bool {
		return c.Set(t.Context(), generationKey, newGeneration(), 0).Err() == nil
	})
	w.look(t.Context())
	wantDenied(t, w, "an operator has changed a count", false)
}

// Before the first look nobody knows whether a count was changed since the denial.
func TestTheFirstLookForgets(t *testing.T) {
	s := openRedis(t, redistest.Embedded(t).Addr(), limitScript)
	w := &watch{client: s.client, timeout: time.Second, denials: newDenials(), now: time.Now, log: slog.New(slog.DiscardHandler)}
	deny(t, w)
	w.look(t.Context())
	wantDenied(t, w, "at the first look", false)
}

func TestDenialsStayWhileRedisDoesNotAnswer(t *testing.T) {
	m := redistest.Embedded(t)
	w, _ := watchOn(t, m.Addr())
	var log bytes.Buffer
	w.log = slog.New(slog.NewTextHandler(&log, nil))
	m.SetError("LOADING redis is loading")
	w.look(t.Context())
	wantDenied(t, w, "redis does not answer", true)
	m.SetError("")
	w.look(t.Context())
	wantDenied(t, w, "redis answers as before", true)
	m.Close()
	w.look(t.Context())
	wantDenied(t, w, "redis is away", true)
	if log.Len() > 0 { // that is for the guard to say
		t.Errorf("logged %s", log.String())
	}
}

func TestAWatchWithNothingToForgetAsksNothing(t *testing.T) {
	m := redistest.Embedded(t)
	s := openRedis(t, m.Addr(), limitScript)
	w := &watch{client: s.client, timeout: time.Second, denials: newDenials(), now: time.Now, log: slog.New(slog.DiscardHandler)}
	before := m.CommandCount()
	w.look(t.Context())
	if n := m.CommandCount() - before; n != 0 {
		t.Errorf("%d commands for nothing", n)
	}
}

func TestAWatchLooksTwiceASecondUntilItIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		w := &watch{denials: newDenials(), now: func() time.Time { looks++; return time.Now() }}
		ctx, stop := context.WithCancel(t.Context())
		go w.run(ctx)
		time.Sleep(10*time.Second + ms)
		stop()
		synctest.Wait()
		if looks != 20 {
			t.Errorf("%d looks in ten seconds", looks)
		}
	})
}
