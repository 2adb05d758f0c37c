package server

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"tollgate/internal/kong"
	"tollgate/pluginserver/wiretest"
)

func TestARunningEventEndsBeforeTheServerDoes(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	r := start(t, func(context.Context, *kong.Request) { close(entered); <-leave })
	idle, busy := r.dial(), r.dial()
	id := r.instance(busy, `{}`)
	r.instance(idle, `{}`)
	result := make(chan error, 1)
	go func() { _, err := busy.Event(id, nothing); result <- err }()
	<-entered
	stopped := make(chan struct{})
	go func() { r.stop(); close(stopped) }()
	if _, err := idle.ReadFrame(); !errors.Is(err, io.EOF) {
		t.Errorf("the idle connection: %v, want io.EOF", err)
	}
	if _, err := wiretest.Dial(r.socket); err == nil {
		t.Error("the socket still takes connections")
	}
	close(leave)
	if err := <-result; err != nil {
		t.Errorf("the running event: %v", err)
	}
	<-stopped
}

func TestAnEventThatHangsIsCutOffAfterTheDrainPeriod(t *testing.T) {
	entered := make(chan struct{})
	r := start(t, func(ctx context.Context, _ *kong.Request) { close(entered); <-ctx.Done() })
	c := r.dial()
	id := r.instance(c, `{}`)
	go func() { _, _ = c.Event(id, nothing) }()
	<-entered
	began := time.Now()
	r.stop()
	if took := time.Since(began); took > 3*time.Second { // a drain of one second
		t.Errorf("stopped after %s", took)
	}
}

func TestAHandlerThatNeverEndsDoesNotKeepTheServer(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	r := start(t, func(context.Context, *kong.Request) { close(entered); <-leave })
	c := r.dial()
	id := r.instance(c, `{}`)
	go func() { _, _ = c.Event(id, nothing) }()
	<-entered
	began := time.Now()
	r.stop()
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("stopped after %s", took)
	}
	close(leave)
}

func TestACommandOnItsWayAtTheStopFindsATaker(t *testing.T) {
	r := start(t, func(context.Context, *kong.Request) {})
	c := r.dial()
	r.instance(c, `{}`)
	stopped := make(chan struct{})
	go func() { r.stop(); close(stopped) }()
	if _, err := c.ReadFrame(); !errors.Is(err, io.EOF) {
		t.Fatalf("got %v, want io.EOF", err)
	}
	if err := c.WriteFrame([]byte("too late")); err != nil { // Kong would raise "broken pipe"
		t.Errorf("sending: %v", err)
	}
	_ = c.Close()
	<-stopped
}
