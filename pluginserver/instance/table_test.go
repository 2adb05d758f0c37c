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

var testOptions = Options{Idle: 10 * time.Minute, Grace: 2 * time.Minute}

// newTable returns a table of one plugin, and the count of its handlers that were closed.
func newTable() (*Table, *atomic.Int32) {
	closed := &atomic.Int32{}
	build := func([]byte) (plugin.Handler, error) { return handler{closed}, nil }
	return NewTable([]plugin.Plugin{{Name: "p", Build: build}}, slog.New(slog.DiscardHandler), testOptions), closed
}

func TestAnUnusedInstanceIsDroppedAndAUsedOneIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, closed := newTable()
		defer table.Close()
		used, unused := table.Start("p", []byte(`{"a":1}`)), table.Start("p", []byte(`{"a":2}`))
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
		first := table.Start("p", []byte(`{"__seq__":1}`))
		table.Stop(first.ID)
		time.Sleep(testOptions.Grace - time.Second)
		second := table.Start("p", []byte(`{"__seq__":2}`)) // a reload
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
	a, b := one.Start("p", []byte(`{}`)), two.Start("p", []byte(`{}`))
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
	first := table.Start("p", []byte(`{}`))
	second := table.Start("p", []byte(`{}`))
	table.nextID = first.ID
	third := table.Start("p", []byte(`{}`))
	if first.ID != 1<<31-1 || second.ID != 1 || third.ID != 2 {
		t.Errorf("ids %d, %d, %d", first.ID, second.ID, third.ID)
	}
}

func TestRefusedInstancesAreCountedUntilTheyGo(t *testing.T) {
	table, _ := newTable()
	defer table.Close()
	table.Start("p", []byte(`{}`))
	wrong := table.Start("a plugin that is not served", []byte(`{}`))
	if n := table.Refused(); n != 1 {
		t.Errorf("%d are refused, want 1", n)
	}
	table.Stop(wrong.ID)
	if n := table.Refused(); n != 0 {
		t.Errorf("%d are refused after the only one was closed", n)
	}
}
