package pdkconn

import (
	"bytes"
	"net"
	"slices"
	"testing"

	"github.com/Kong/go-pdk/bridge"
	"google.golang.org/protobuf/proto"
)

func TestAWholeCallIsAskedOrSentInOnePiece(t *testing.T) {
	ours, kong, counted, kongs := pair(t)
	seen := answerer(t, kongs, map[string]proto.Message{"kong.client.get_ip": bridge.WrapString("192.0.2.1")})
	_ = kong.Log.Warn("first")
	if err := ours.Send("kong.log.notice", nil); err != nil {
		t.Fatal(err)
	}
	reply, err := ours.Ask("kong.client.get_ip", nil)
	if want, _ := proto.Marshal(bridge.WrapString("192.0.2.1")); err != nil || !bytes.Equal(reply, want) {
		t.Fatalf("reply %q, %v", reply, err)
	}
	if ip, err := kong.Client.GetIp(); err != nil || ip != "192.0.2.1" {
		t.Errorf("go-pdk's call behind it: %q, %v", ip, err)
	}
	if n := len(counted.writes); n != 2 {
		t.Errorf("%d writes for two questions, want 2", n)
	}
	if err := ours.Return(nil); err != nil {
		t.Fatal(err)
	}
	want := []string{"kong.log.warn", "kong.log.notice", "kong.client.get_ip", "kong.client.get_ip"}
	if got := <-seen; !slices.Equal(got, want) {
		t.Errorf("Kong saw %q, want %q", got, want)
	}
}

func TestAnAnsweredCallIsNotSent(t *testing.T) {
	ours, _, counted, _ := pair(t)
	if err := ours.Send("kong.client.get_ip", nil); err == nil || len(ours.out) != 0 || len(counted.writes) != 0 {
		t.Errorf("error %v; a reply that nobody takes would be the answer to the next question", err)
	}
}

func TestAWholeCallTakesThePlaceOfAHalfOne(t *testing.T) {
	ours, kong, _, kongs := pair(t)
	seen := answerer(t, kongs, nil)
	if err := kong.Response.SetHeader("x", "\xff"); err == nil { // go-pdk writes the method, and finds that the value is no UTF-8
		t.Fatal("go-pdk sent a text that is not UTF-8")
	}
	if err := ours.Send("kong.log.warn", nil); err != nil {
		t.Fatal(err)
	}
	if err := ours.Return(nil); err != nil {
		t.Fatal(err)
	}
	if got := <-seen; !slices.Equal(got, []string{"kong.log.warn"}) {
		t.Errorf("Kong saw %q", got)
	}
}

func TestAResetConnKnowsNothingOfTheOneBefore(t *testing.T) {
	ours, kong, _, kongs := pair(t)
	seen := answerer(t, kongs, nil)
	ours.Ahead("kong.client.get_ip", nil)
	_ = kong.Log.Warn("first")
	kong.Response.Exit(429, nil, nil)
	<-seen
	next, kongsNext := net.Pipe()
	t.Cleanup(func() { _ = next.Close() })
	ours.stream.Reset(next)
	ours.Reset(next)
	if ours.Exited() || ours.Err() != nil || ours.owed != 0 || len(ours.ahead.calls) != 0 || len(ours.out) != 0 {
		t.Fatalf("after the reset: %+v", ours)
	}
	seen = answerer(t, kongsNext, map[string]proto.Message{"kong.client.get_ip": bridge.WrapString("192.0.2.2")})
	if ip, err := kong.Client.GetIp(); err != nil || ip != "192.0.2.2" {
		t.Errorf("address %q, %v: the answer of another request", ip, err)
	}
	if err := ours.Return(nil); err != nil {
		t.Fatal(err)
	}
	<-seen
}
