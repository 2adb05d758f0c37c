package hostile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"tollgate/internal/shared"
	"tollgate/pluginserver/wire"
	"tollgate/pluginserver/wiretest"
	"tollgate/test/eventually"
)

// testLimits are the server's own, but for more patience: the machine may be busy with other tests.
func testLimits() wire.Limits {
	return wire.Limits{Frame: 4 << 20, Patience: time.Minute, Room: shared.NewRoom(64 << 20)}
}

// Whoever holds more connections than there may be loses those on which it keeps silent, and Kong gets through.
func TestKongGetsThroughAFloodOfConnections(t *testing.T) {
	for name, open := range map[string]func(*victim, *wiretest.Client){
		"that never speak": func(*victim, *wiretest.Client) {},
		"that are idle after a command": func(_ *victim, c *wiretest.Client) {
			_, _ = c.Start("header-guard", guardConfig)
		},
		"that stop within a frame": func(_ *victim, c *wiretest.Client) { _, _ = io.WriteString(c, "\x20\x00\x00\x00half") },
		"that owe an answer": func(_ *victim, c *wiretest.Client) {
			id, err := c.Start("header-guard", guardConfig)
			if err != nil {
				return
			}
			if err := c.WriteFrame(event(id)); err != nil {
				return
			}
			_, _ = c.ReadFrame() // the question
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := start(t, testLimits()) // whose patience is not what ends them
			first := v.dial()
			open(v, first)
			for range 3 * connections {
				open(v, v.dial())
				if n, _ := v.metric("tollgate_server_connections"); n > connections {
					t.Fatalf("%v connections, at most %d", n, connections)
				}
			}
			v.kongGetsThrough()
			if _, err := io.Copy(io.Discard, first); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the first of them is still open")
			}
			if n, _ := v.metric("tollgate_server_dismissed_connections_total"); n == 0 {
				t.Error("no connection was counted as dismissed")
			}
			if n := strings.Count(v.log.String(), "as many connections as there may be"); n < 1 || n > 3 {
				t.Errorf("%d lines say so, want one in ten seconds", n)
			}
		})
	}
}

// A connection that Kong is using is not the one that makes room.
func TestAFloodTakesNoConnectionThatIsInUse(t *testing.T) {
	v := start(t, testLimits())
	c := v.dial()
	id, err := c.Start("header-guard", guardConfig)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 * connections {
		v.dial()
		if _, err := c.Event(id, kong(map[string]any{"x-tenant": "acme"})); err != nil {
			t.Fatalf("after %d connections of others: %v", i, err)
		}
	}
}

func TestTheLongestSilentMakeRoom(t *testing.T) {
	v := start(t, testLimits())
	for range connections - 1 {
		v.dial()
	}
	eventually.Holds(t, patience, "all to be taken", func() bool {
		n, _ := v.metric("tollgate_server_connections")
		return n == connections-1
	})
	c := v.dial() // the latest, and idle for long enough to make room
	id, err := c.Start("header-guard", guardConfig)
	if err != nil {
		t.Fatal(err)
	}
	const silent = 200 * time.Millisecond
	time.Sleep(silent) // what the server looks at is its own clock
	v.kongGetsThrough()
	if err := judged(c, id); err != nil {
		t.Errorf("the connection that was used last: %v", err)
	}
}

func TestAnInstanceInUseOutlivesAFloodOfStarts(t *testing.T) {
	v := start(t, testLimits())
	kongs, others := v.dial(), v.dial()
	id, err := kongs.Start("header-guard", guardConfig)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 * instances {
		if _, err := others.Start("header-guard", fmt.Sprintf(`{"rules":[{"header":"h-%d"}]}`, i)); err != nil {
			t.Fatalf("start %d: %v", i, err)
		}
		if _, err := kongs.Event(id, kong(map[string]any{"x-tenant": "acme"})); err != nil {
			t.Fatalf("Kong's instance after %d starts: %v", i, err)
		}
	}
	if n, _ := v.metric("tollgate_server_instances"); n > instances {
		t.Errorf("%v instances, at most %d", n, instances)
	}
}

// Names that a peer makes up are no labels: each would be a series for ever.
func TestMadeUpPluginsAreOneSeries(t *testing.T) {
	v := start(t, testLimits())
	_, before := v.metric("tollgate_server_events_total") // of the plugins that are served
	for i := range 20 {
		c := v.dial()
		id, err := c.Start(fmt.Sprintf("made-up-%d", i), `{}`)
		if err != nil {
			t.Fatal(err)
		}
		if exit, err := c.Event(id, kong(nil)); !errors.Is(err, wiretest.ErrExited) || exit.GetStatus() != 500 {
			t.Fatalf("status %d, %v", exit.GetStatus(), err)
		}
		_ = c.Close()
	}
	if _, series := v.metric("tollgate_server_events_total"); series != before+1 {
		t.Errorf("%d series for 20 names, want 1", series-before)
	}
}

func TestTheLogIsNotFlooded(t *testing.T) {
	v := start(t, testLimits())
	const broken = 500
	for range broken {
		c := v.dial()
		_, _ = io.WriteString(c, "\x00\x00\x00\x00")
		_, _ = c.ReadFrame()
		_ = c.Close()
	}
	eventually.Holds(t, patience, "all to be counted", func() bool {
		n, _ := v.metric("tollgate_server_broken_connections_total")
		return n == broken
	})
	if lines := strings.Count(v.log.String(), "\n"); lines > broken/2 {
		t.Errorf("%d lines for %d connections", lines, broken)
	}
}

// Four bytes announce a frame of any size, and a frame that drips in is never silent.
func TestHalfFramesHoldLittleAndNotForLong(t *testing.T) {
	limits := testLimits()
	limits.Patience = 300 * time.Millisecond
	v := start(t, limits)
	began := time.Now()
	dripping := v.dial()
	go func() {
		_, err := io.WriteString(dripping, "\x00\x00\x3f\x00")
		for err == nil {
			time.Sleep(10 * time.Millisecond)
			_, err = dripping.Write([]byte{0})
		}
	}()
	if _, err := dripping.ReadFrame(); err == nil {
		t.Error("it was answered")
	}
	if took := time.Since(began); took < limits.Patience || took > patience/2 {
		t.Errorf("it was ended after %s", took)
	}
	if taken := limits.Room.Taken(); taken != 0 {
		t.Errorf("%d bytes are taken for what was announced", taken)
	}
	v.kongGetsThrough()
}

func TestLargeFramesGiveTheirRoomBack(t *testing.T) {
	limits := testLimits()
	v := start(t, limits)
	for range 4 {
		c := v.dial()
		_, _ = io.WriteString(c, "\x00\x00\x3f\x00"+strings.Repeat("x", 1<<18))
		_ = c.Close()
		c = v.dial()
		if _, err := c.Start("header-guard", `{"rules":"`+strings.Repeat("x", 1<<19)+`"}`); err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
	}
	eventually.Holds(t, patience, "all room to be given back", func() bool { return limits.Room.Taken() == 0 })
}
