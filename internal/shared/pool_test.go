package shared

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const grace = 30 * time.Second

// book keeps what a pool opened and disposed of, and runs the pool's steps in a synctest bubble.
type book struct {
	t        *testing.T
	pool     *Pool[string]
	mu       sync.Mutex
	opened   []string
	disposed []string
}

// inBubble runs steps on an empty pool, with time that stands still until it is slept away.
func inBubble(t *testing.T, steps func(*book)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &book{t: t}
		b.pool = NewPool(grace, func(value string) { b.note(&b.disposed, value) })
		steps(b)
		b.pool.Close()
	})
}

func (b *book) note(list *[]string, value string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	*list = append(*list, value)
}

// want compares a list with what it should hold.
func (b *book) want(what string, list *[]string, want []string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if diff := cmp.Diff(want, *list); diff != "" {
		b.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func (b *book) wantOpened(keys ...string) { b.t.Helper(); b.want("opened", &b.opened, keys) }
func (b *book) wantDisposed(values ...string) {
	b.t.Helper()
	b.want("disposed of", &b.disposed, values)
}

func (b *book) acquire(key string) *Lease[string] {
	b.t.Helper()
	lease, err := b.pool.Acquire(key, func() (string, error) { b.note(&b.opened, key); return "value of " + key, nil })
	if err != nil {
		b.t.Fatal(err)
	}
	if lease.Value != "value of "+key {
		b.t.Errorf("the lease of %s holds %q", key, lease.Value)
	}
	return lease
}

// after lets time pass, and whatever is due then happen.
func (b *book) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestAValueLivesWhileItIsLeased(t *testing.T) {
	inBubble(t, func(b *book) {
		one, two := b.acquire("a"), b.acquire("a")
		b.wantOpened("a")
		one.Release()
		b.after(10 * grace)
		b.wantDisposed()
		if n := b.pool.Len(); n != 1 {
			t.Errorf("%d values held, want 1", n)
		}
		two.Release()
	})
}

func TestAValueIsDisposedOfOnceAfterTheGracePeriod(t *testing.T) {
	inBubble(t, func(b *book) {
		b.acquire("a").Release()
		b.after(grace - 1)
		b.wantDisposed()
		b.after(1)
		b.wantDisposed("value of a")
		if n := b.pool.Len(); n != 0 {
			t.Errorf("%d values held, want 0", n)
		}
		b.pool.Close()
		b.wantDisposed("value of a")
	})
}

func TestAcquiringWithinTheGracePeriodKeepsTheValue(t *testing.T) {
	inBubble(t, func(b *book) {
		b.acquire("a").Release()
		b.after(grace - 1)
		again := b.acquire("a")
		b.after(10 * grace)
		b.wantOpened("a")
		b.wantDisposed()
		again.Release()
		b.after(grace - 1)
		b.wantDisposed()
		b.after(1)
		b.wantDisposed("value of a")
	})
}

func TestAcquiringAfterTheGracePeriodOpensAnew(t *testing.T) {
	inBubble(t, func(b *book) {
		b.acquire("a").Release()
		b.after(grace)
		b.acquire("a").Release()
		b.wantOpened("a", "a")
	})
}

func TestKeysHaveValuesOfTheirOwn(t *testing.T) {
	inBubble(t, func(b *book) {
		a := b.acquire("a")
		b.acquire("b").Release()
		b.after(grace)
		b.wantDisposed("value of b")
		a.Release()
	})
}

func TestReleasingTwiceGivesBackOnce(t *testing.T) {
	inBubble(t, func(b *book) {
		one, two := b.acquire("a"), b.acquire("a")
		one.Release()
		one.Release()
		b.after(10 * grace)
		b.wantDisposed()
		two.Release()
	})
}

func TestManyAtOnceOpenOnce(t *testing.T) {
	inBubble(t, func(b *book) {
		gate := make(chan struct{})
		leases := make(chan *Lease[string], 8)
		for range cap(leases) {
			go func() {
				lease, err := b.pool.Acquire("a", func() (string, error) { b.note(&b.opened, "a"); <-gate; return "v", nil })
				if err != nil || lease.Value != "v" {
					t.Errorf("lease %v, error %v", lease, err)
				}
				leases <- lease
			}()
		}
		synctest.Wait()
		if len(leases) > 0 {
			t.Error("a lease was given before the value was open")
		}
		close(gate)
		for range cap(leases) {
			(<-leases).Release()
		}
		b.wantOpened("a")
		b.after(grace)
		b.wantDisposed("v")
	})
}

func TestAnErrorGoesToAllWhoWaitAndIsNotKept(t *testing.T) {
	inBubble(t, func(b *book) {
		refused := errors.New("refused")
		gate := make(chan struct{})
		errs := make(chan error, 4)
		for range cap(errs) {
			go func() {
				_, err := b.pool.Acquire("a", func() (string, error) { <-gate; return "half open", refused })
				errs <- err
			}()
		}
		synctest.Wait()
		close(gate)
		for range cap(errs) {
			if err := <-errs; !errors.Is(err, refused) {
				t.Errorf("error %v, want %v", err, refused)
			}
		}
		if n := b.pool.Len(); n != 0 {
			t.Errorf("%d values held after an error, want 0", n)
		}
		b.acquire("a").Release()
		b.wantOpened("a")
		b.after(grace)
		b.wantDisposed("value of a")
	})
}

func TestAPanicLeavesNobodyWaiting(t *testing.T) {
	inBubble(t, func(b *book) {
		gate := make(chan struct{})
		panicked := make(chan any, 1)
		go func() {
			defer func() { panicked <- recover() }()
			_, _ = b.pool.Acquire("a", func() (string, error) { <-gate; panic("boom") })
		}()
		synctest.Wait()
		waited := make(chan error, 1)
		go func() {
			_, err := b.pool.Acquire("a", func() (string, error) { return "", errors.New("opened twice") })
			waited <- err
		}()
		synctest.Wait()
		close(gate)
		if err := <-waited; !errors.Is(err, errPanicked) {
			t.Errorf("error %v, want %v", err, errPanicked)
		}
		if got := <-panicked; got != "boom" {
			t.Errorf("the panic became %v", got)
		}
		b.acquire("a").Release()
	})
}

func TestCloseDisposesOfTheIdleAtOnceAndOfTheLeasedLater(t *testing.T) {
	inBubble(t, func(b *book) {
		leased := b.acquire("leased")
		b.acquire("idle").Release()
		b.pool.Close()
		b.wantDisposed("value of idle")
		if _, err := b.pool.Acquire("leased", nil); !errors.Is(err, ErrClosed) {
			t.Errorf("error %v, want %v", err, ErrClosed)
		}
		leased.Release()
		b.wantDisposed("value of idle", "value of leased")
		b.after(10 * grace)
		b.pool.Close()
		b.wantDisposed("value of idle", "value of leased")
	})
}

func TestCloseWhileAValueIsOpened(t *testing.T) {
	inBubble(t, func(b *book) {
		gate := make(chan struct{})
		done := make(chan struct{})
		go func() {
			defer close(done)
			lease, err := b.pool.Acquire("a", func() (string, error) { <-gate; return "late", nil })
			if err != nil {
				t.Error(err)
				return
			}
			b.wantDisposed()
			lease.Release()
		}()
		synctest.Wait()
		b.pool.Close()
		close(gate)
		<-done
		b.wantDisposed("late")
	})
}

func TestDisposeMayUseThePool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pool *Pool[string]
		disposed := 0
		pool = NewPool(0, func(string) { disposed++; pool.Len() })
		open := func() (string, error) { return "v", nil }
		for range 2 {
			lease, err := pool.Acquire("a", open)
			if err != nil {
				t.Fatal(err)
			}
			lease.Release()
		}
		pool.Close()
		synctest.Wait()
		if disposed == 0 {
			t.Error("nothing was disposed of")
		}
	})
}
