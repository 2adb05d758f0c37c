package tieredlimit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tollgate/test/redistest"
)

// A node that refuses from memory admits again, once it has looked, which it does twice a second.
func TestNodesForgetTheirDenialsAfterAChange(t *testing.T) {
	for kind, start := range servers {
		t.Run(kind, func(t *testing.T) {
			addr := start(t)
			ledger, store := openLedger(t, addr), openRedis(t, addr, limitScript)
			node := newFront(store, 5*time.Second, time.Now, newMetrics(nil))
			w := watch{client: store.client, timeout: 5 * time.Second, now: time.Now, denials: node.denials, log: slog.New(slog.DiscardHandler)}
			of := tier{"free", daily(t, 1)}
			decided := func() string {
				out, source, err := node.Count(t.Context(), "a", of)
				return fmt.Sprint(out.Admitted, " ", source, " ", err)
			}
			refuse := func() {
				var got string
				for range 3 { // one passes at most, one is refused by redis, and the last from memory
					got = decided()
				}
				if got != "0 memory <nil>" {
					t.Fatalf("an exhausted consumer gets %s", got)
				}
				w.look(t.Context())
			}
			refuse() // and look for the first time
			refuse()
			granted(t, ledger, of.limits, 1)
			w.look(t.Context())
			if got := decided(); got != "1 redis <nil>" {
				t.Errorf("after a grant: %s", got)
			}
			refuse()
			if _, _, err := ledger.Reset(t.Context(), "a", of.limits); err != nil {
				t.Fatal(err)
			}
			w.look(t.Context())
			if got := decided(); got != "1 redis <nil>" {
				t.Errorf("after a reset: %s", got)
			}
		})
	}
}

func TestWhatCannotBeGrantedIsRefused(t *testing.T) {
	ledger := openLedger(t, redistest.Embedded(t).Addr())
	for _, n := range []int64{0, -1, MaxGrant + 1} {
		if _, _, err := ledger.Grant(t.Context(), "a", daily(t, 5), n); err == nil {
			t.Errorf("a grant of %d passes", n)
		}
	}
	if _, _, err := ledger.Grant(t.Context(), "a", Limits{TPS: 1}, 1); !errors.Is(err, ErrNoQuota) {
		t.Errorf("a grant without a quota: %v", err)
	}
	if found := ledger.store.client.Keys(t.Context(), "*").Val(); len(found) != 0 {
		t.Errorf("redis holds %q", found)
	}
	ledger.store.client.Set(t.Context(), keys("a")[0], "what", 0)
	if _, err := ledger.Show(t.Context(), "a", daily(t, 5)); err == nil {
		t.Error("a state that is not ours passes")
	}
}

// refusing fails a command of Redis a number of times.
type refusing struct {
	redis.Hook
	command string
	match   string // within the command; empty for all
	times   int
}

func (r *refusing) DialHook(next redis.DialHook) redis.DialHook { return next }

func (r *refusing) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (r *refusing) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == r.command && r.times > 0 && strings.Contains(cmd.String(), r.match) {
			r.times--
			cmd.SetErr(errors.New("connection reset"))
			return cmd.Err()
		}
		return next(ctx, cmd)
	}
}

// losing does a command of Redis and loses the answer.
type losing struct {
	refusing
	lost bool
}

func (l *losing) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if err := next(ctx, cmd); err != nil || cmd.Name() != l.command {
			return err
		}
		l.lost = true
		cmd.SetErr(errors.New("connection reset"))
		return cmd.Err()
	}
}

func TestAChangeWhoseAnswerIsLostIsToldToo(t *testing.T) {
	m := redistest.Embedded(t)
	ledger := openLedger(t, m.Addr())
	if _, err := ledger.Show(t.Context(), "a", daily(t, 5)); err != nil { // the script is known from here on
		t.Fatal(err)
	}
	hook := &losing{refusing: refusing{command: "evalsha"}}
	ledger.store.client.AddHook(hook)
	if _, _, err := ledger.Grant(t.Context(), "a", daily(t, 5), 2); err == nil || !hook.lost {
		t.Fatalf("error %v, answer lost %v", err, hook.lost)
	}
	if !m.Exists(generationKey) {
		t.Error("no node is told of a change that may have been made")
	}
}

func TestAChangeOfWhichNodesWereNotToldSaysSo(t *testing.T) {
	for _, row := range []struct {
		name  string
		times int
		want  error
	}{
		{"a lost answer is asked for again", 2, nil},
		{"one that stays away is told", 3, ErrNotTold},
	} {
		t.Run(row.name, func(t *testing.T) {
			ledger := openLedger(t, redistest.Embedded(t).Addr())
			ledger.store.client.AddHook(&refusing{command: "set", times: row.times})
			_, after, err := ledger.Grant(t.Context(), "a", daily(t, 5), 2)
			if !errors.Is(err, row.want) || after.Remaining != 7 {
				t.Errorf("%+v, %v; want 7 remaining and %v", after, err, row.want)
			}
		})
	}
}
