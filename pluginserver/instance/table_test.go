package instance

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tollgate/internal/kong"
	"tollgate/internal/plugin"
)

type handler struct{ closed *atomic.Int32 }

func (handler) Access(context.Context, *kong.Request) {}
func (h handler) Close()                              { h.closed.Add(1) }

var testOptions = Options{Idle: 10 * time.Minute, Grace: 2 * time.Minute, Instances: 8, Weight: 1 << 20}

// newTable returns a table of one plugin, and the count of its handlers that were closed.
func newTable() (*Table, *atomic.Int32) {
	closed := &atomic.Int32{}
	build := func([]byte) (plugin.Handler, error) { return handler{closed}, nil }
	return NewTable([]plugin.Plugin{{Name: "p", Build: build}}, slog.New(slog.DiscardHandler), testOptions), closed
}

// start starts an instance of p, for which there must be room.
func start(t *testing.T, table *Table, config string) *Instance {
	t.Helper()
	inst, err := table.Start("p", []byte(config))
	if err != nil {
		t.Fatal(err)
	}
	return inst
}

func TestAnUnusedInstanceIsDroppedAndAUsedOneIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, closed := newTable()
		defer table.Close()
		used, unused := start(t, table, `{"a":1}`), start(t, table, `{"a":2}`)
		for range 10 {
			time.Sleep(testOptions.Idle / 2)
			if table.Get(used.ID) == nil {
				t.Fatal("an instance in use was dropped")
			}
		}
		if table.Get(unused.ID) != nil {
			t.Error("an instance that nobody used is still there")
		}
		if closed.Load() != 1 || table.Compiled() != 1 {
			t.Errorf("%d handlers closed and %d held, want 1 and 1", closed.Load(), table.Compiled())
		}
	})
}

func TestAHandlerOutlivesItsLastInstanceByTheGracePeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, closed := newTable()
		defer table.Close()
		first := start(t, table, `{"__seq__":1}`)
		table.Stop(first.ID)
		time.Sleep(testOptions.Grace - time.Second)
		second := start(t, table, `{"__seq__":2}`) // a reload
		time.Sleep(testOptions.Grace)
		synctest.Wait()
		if closed.Load() != 0 || first.Handler != second.Handler {
			t.Fatalf("the reload did not take over the handler: %d closed", closed.Load())
		}
		table.Stop(second.ID)
		time.Sleep(testOptions.Grace)
		synctest.Wait()
		if closed.Load() != 1 {
			t.Errorf("%d handlers closed after the grace period, want 1", closed.Load())
		}
	})
}

func TestIdsDifferBetweenServers(t *testing.T) {
	one, _ := newTable()
	defer one.Close()
	two, _ := newTable()
	defer two.Close()
	a, b := start(t, one, `{}`), start(t, two, `{}`)
	if a.ID == b.ID || a.ID <= 0 || b.ID <= 0 {
		t.Errorf("two servers started with the ids %d and %d", a.ID, b.ID)
	}
	if two.Get(a.ID) != nil {
		t.Error("an id of one server is known to the other")
	}
}

func TestIdsStayPositiveAndSkipThoseInUse(t *testing.T) {
	table, _ := newTable()
	defer table.Close()
	table.nextID = 1<<31 - 1
	first := start(t, table, `{}`)
	second := start(t, table, `{}`)
	table.nextID = first.ID
	third := start(t, table, `{}`)
	if first.ID != 1<<31-1 || second.ID != 1 || third.ID != 2 {
		t.Errorf("ids %d, %d, %d", first.ID, second.ID, third.ID)
	}
}

func TestRefusedInstancesAreCountedUntilTheyGo(t *testing.T) {
	table, _ := newTable()
	defer table.Close()
	start(t, table, `{}`)
	wrong, err := table.Start("a plugin that is not served", []byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	if n := table.Refused(); n != 1 {
		t.Errorf("%d are refused, want 1", n)
	}
	table.Stop(wrong.ID)
	if n := table.Refused(); n != 0 {
		t.Errorf("%d are refused after the only one was closed", n)
	}
}
