package pdkconn

import (
	"slices"
	"testing"

	"github.com/Kong/go-pdk/bridge"
	"github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"
)

const getVar = "kong.nginx.get_var"

// expect makes the call for the request id ahead.
func expect(t *testing.T, c *Conn) {
	t.Helper()
	args, err := proto.Marshal(bridge.WrapString("kong_request_id"))
	if err != nil {
		t.Fatal(err)
	}
	c.Ahead(getVar, args)
}

func TestACallThatWasMadeAheadIsNotWaitedFor(t *testing.T) {
	ours, kong, counted, kongs := pair(t)
	seen := answerer(t, kongs, map[string]proto.Message{
		getVar:                     bridge.WrapString("id-1"),
		"kong.client.get_consumer": &kong_plugin_protocol.Consumer{Id: "ann"},
	})
	_ = kong.Log.Warn("before")
	expect(t, ours)
	_ = kong.Log.Warn("between")
	consumer, err := kong.Client.GetConsumer()
	if err != nil || consumer.Id != "ann" {
		t.Fatalf("consumer %+v, %v", consumer, err)
	}
	_ = kong.Log.Warn("after")
	id, err := kong.Nginx.GetVar("kong_request_id")
	if err != nil || id != "id-1" {
		t.Errorf("variable %q, %v", id, err)
	}
	if n := len(counted.writes); n != 1 {
		t.Errorf("%d writes until both answers are there, want 1", n)
	}
	if err := ours.Return(nil); err != nil {
		t.Fatal(err)
	}
	want := []string{"kong.log.warn", getVar, "kong.log.warn", "kong.client.get_consumer", "kong.log.warn"}
	if got := <-seen; !slices.Equal(got, want) {
		t.Errorf("Kong saw %q, want %q", got, want)
	}
}

func TestSeveralCallsGoAheadInOneWrite(t *testing.T) {
	ours, kong, counted, kongs := pair(t)
	seen := answerer(t, kongs, map[string]proto.Message{
		getVar:                       bridge.WrapString("id-1"),
		"kong.client.get_ip":         bridge.WrapString("192.0.2.1"),
		"kong.request.get_scheme":    bridge.WrapString("https"),
		"kong.request.get_raw_query": bridge.WrapString("a=b"),
	})
	expect(t, ours)
	ours.Ahead("kong.client.get_ip", nil)
	ours.Ahead("kong.request.get_raw_query", nil) // nobody will ask
	if scheme, err := kong.Request.GetScheme(); err != nil || scheme != "https" {
		t.Fatalf("scheme %q, %v", scheme, err)
	}
	for range 2 { // an answer stays
		if ip, err := kong.Client.GetIp(); err != nil || ip != "192.0.2.1" {
			t.Errorf("address %q, %v", ip, err)
		}
	}
	if id, err := kong.Nginx.GetVar("kong_request_id"); err != nil || id != "id-1" {
		t.Errorf("variable %q, %v", id, err)
	}
	if n := len(counted.writes); n != 1 {
		t.Errorf("%d writes until all answers are there, want 1", n)
	}
	if err := ours.Return(nil); err != nil {
		t.Fatal(err)
	}
	if got := <-seen; len(got) != 4 {
		t.Errorf("Kong saw %q, want each call once", got)
	}
}

func TestNoMoreCallsGoAheadThanAreKept(t *testing.T) {
	ours, _, _, _ := pair(t)
	for range maxAhead + 1 {
		ours.Ahead("kong.client.get_ip", nil)
	}
	if len(ours.ahead.calls) != maxAhead || ours.owed != maxAhead {
		t.Errorf("%d calls are kept and %d replies owed, want %d", len(ours.ahead.calls), ours.owed, maxAhead)
	}
}

func TestACallMadeAheadIsNoAnswerToAnother(t *testing.T) {
	ours, kong, _, kongs := pair(t)
	seen := answerer(t, kongs, map[string]proto.Message{getVar: bridge.WrapString("a")})
	expect(t, ours)
	if _, err := kong.Nginx.GetVar("scheme"); err != nil {
		t.Fatal(err)
	}
	if _, err := kong.Nginx.GetVar("kong_request_id"); err != nil {
		t.Fatal(err)
	}
	if err := ours.Return(nil); err != nil {
		t.Fatal(err)
	}
	if got := <-seen; len(got) != 2 {
		t.Errorf("Kong saw %q, want the call made ahead and the other", got)
	}
}

func TestACallMadeAheadThatNothingFollowsIsAskedForAtOnce(t *testing.T) {
	ours, kong, _, kongs := pair(t)
	answerer(t, kongs, map[string]proto.Message{getVar: bridge.WrapString("id-1")})
	expect(t, ours)
	if id, err := kong.Nginx.GetVar("kong_request_id"); err != nil || id != "id-1" {
		t.Errorf("variable %q, %v", id, err)
	}
}

// What was made ahead in vain is skipped, and the next event begins as the first did.
func TestWhatWasMadeAheadEndsWithItsEvent(t *testing.T) {
	ours, kong, _, kongs := pair(t)
	answerer(t, kongs, map[string]proto.Message{getVar: bridge.WrapString("id-1")})
	expect(t, ours)
	if err := ours.Return(nil); err != nil {
		t.Fatal(err)
	}
	if err := ours.Settle(); err != nil {
		t.Fatal(err)
	}
	seen := answerer(t, kongs, map[string]proto.Message{getVar: bridge.WrapString("id-2")})
	if id, err := kong.Nginx.GetVar("kong_request_id"); err != nil || id != "id-2" {
		t.Errorf("variable %q, %v", id, err)
	}
	if err := ours.Return(nil); err != nil {
		t.Fatal(err)
	}
	<-seen
}
