package instance

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tollgate/internal/plugin"
	"tollgate/internal/shared"
)

func TestAFullTableDropsWhatNoEventCameFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, _ := newTable()
		defer table.Close()
		var served []*Instance
		for range testOptions.Instances - 1 {
			inst := start(t, table, `{}`)
			table.Get(inst.ID)
			served = append(served, inst)
		}
		for i := range 100 { // a peer that only starts
			time.Sleep(startedFor)
			start(t, table, fmt.Sprintf(`{"a":%d}`, i%2))
		}
		for _, inst := range served {
			if table.Get(inst.ID) != inst {
				t.Errorf("instance %d, which is used, was dropped", inst.ID)
			}
		}
		if table.Len() != testOptions.Instances || table.Dropped() != 99 {
			t.Errorf("%d instances, %d dropped, want %d and 99", table.Len(), table.Dropped(), testOptions.Instances)
		}
	})
}

func TestAFullTableKeepsWhatIsUsedAllTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, _ := newTable()
		defer table.Close()
		busy := start(t, table, `{}`)
		for range 100 { // a peer that uses each once
			if table.Get(busy.ID) != busy {
				t.Fatal("an instance that is used all the time was dropped")
			}
			table.Get(start(t, table, `{}`).ID)
		}
	})
}

func TestAnInstanceThatWasJustStartedIsNotDroppedForAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, _ := newTable()
		defer table.Close()
		old := start(t, table, `{}`)
		time.Sleep(startedFor)
		for range testOptions.Instances - 1 {
			start(t, table, `{}`)
		}
		late := start(t, table, `{}`)
		if table.Get(old.ID) != nil || table.Get(late.ID) == nil {
			t.Error("room was not made by what had waited longest for its first event")
		}
	})
}

func TestNoMoreConfigurationsAreHeldThanThereIsRoomFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, closed := newTable()
		defer table.Close()
		fits := testOptions.Weight / weightOf([]byte(`{"a":10}`))
		for i := range fits {
			start(t, table, fmt.Sprintf(`{"a":%d}`, 10+i))
			if i%2 == 0 { // the table itself is not to be full
				table.sweep()
				table.sweep()
			}
		}
		if _, err := table.Start("p", []byte(`{"a":99}`)); !errors.Is(err, shared.ErrNoRoom) {
			t.Fatalf("one more than there is room for: %v", err)
		}
		if inst, err := table.Start("p", []byte(fmt.Sprintf(`{"a":%d}`, 10+fits-1))); err != nil {
			t.Errorf("one that is held already: %v", err)
		} else {
			table.Stop(inst.ID)
		}
		time.Sleep(startedFor + testOptions.Grace)
		if _, err := table.Start("p", []byte(`{"a":99}`)); err != nil {
			t.Errorf("after the grace period: %v", err)
		}
		if closed.Load() == 0 {
			t.Error("no handler was closed")
		}
	})
}

func TestAHugeConfigurationIsRefusedAndSaysWhy(t *testing.T) {
	table, _ := newTable()
	defer table.Close()
	inst := start(t, table, `{"a":"`+strings.Repeat("x", largestConfig)+`"}`)
	if got := inst.Handler.(*refused).reason; !strings.Contains(got, "bytes, and may have 1048576") {
		t.Errorf("refused because %s", got)
	}
}

func TestAScopeThatIsNoIDIsRefused(t *testing.T) {
	table, _ := newTable()
	defer table.Close()
	inst := start(t, table, `{"route_id":"`+strings.Repeat("x", longestMember+1)+`"}`)
	if got := inst.Handler.(*refused).reason; !strings.Contains(got, "route_id has 1025 bytes") {
		t.Errorf("refused because %s", got)
	}
	if inst.Scope.RouteID != "" {
		t.Error("the scope is kept")
	}
}

func TestAPluginThatIsNotServedHasNoNameOfItsOwn(t *testing.T) {
	table, _ := newTable()
	defer table.Close()
	inst, err := table.Start(strings.Repeat("made-up", 1000), []byte(`{}`))
	if err != nil || inst.Plugin != unknownPlugin {
		t.Errorf("plugin %.20q, %v", inst.Plugin, err)
	}
	if got := inst.Handler.(*refused).reason; len(got) > 200 {
		t.Errorf("the reason has %d bytes", len(got))
	}
}

func TestALongReasonIsCut(t *testing.T) {
	build := func([]byte) (plugin.Handler, error) {
		return nil, errors.New(strings.Repeat("é: must not be given\n", 100_000))
	}
	table := NewTable([]plugin.Plugin{{Name: "p", Build: build}}, slog.New(slog.DiscardHandler), testOptions)
	defer table.Close()
	got := start(t, table, `{}`).Handler.(*refused).reason
	if len(got) > 5<<10 || !strings.HasSuffix(got, "(2200000 bytes in all)") {
		t.Errorf("%d bytes, that end with %q", len(got), got[max(0, len(got)-30):])
	}
}
