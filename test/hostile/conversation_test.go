package hostile

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"tollgate/pluginserver/wire"
	"tollgate/pluginserver/wiretest"
)

// event is the command to handle one.
func event(id int32) []byte {
	return command(&pb.RpcCall{Sequence: 1, Call: &pb.RpcCall_CmdHandleEvent{CmdHandleEvent: &pb.CmdHandleEvent{InstanceId: id, EventName: "access"}}})
}

func command(call *pb.RpcCall) []byte {
	data, err := proto.Marshal(call)
	if err != nil {
		panic(err) // a call of a test
	}
	return data
}

// plugins are smallest configurations of all, whose Redis and issuer nobody answers for.
func plugins() map[string]string {
	return map[string]string{
		"header-guard": guardConfig,
		"jwks-verify": `{"insecure_http":true,"jwks_wait_ms":0,"claims_to_headers":[{"claim":"sub","header":"x-sub"}],
			"issuers":[{"issuer":"http://127.0.0.1:1","jwks_uri":"http://127.0.0.1:1/jwks","audiences":["a"]}]}`,
		"tiered-limit": `{"tiers":[{"name":"free","tps":5,"daily_quota":9}],"default_tier":"free","tier_claim":"tier","on_redis_error":"local",
			"redis":{"host":"127.0.0.1","port":1,"timeout":20}}`,
	}
}

// nested is a protobuf message of field 1 in field 1 and so on, as deep as size allows; the innermost ends within a
// field.
func nested(fields []protowire.Number, size int) []byte {
	buf := make([]byte, size)
	at := size
	for i := 0; ; i++ {
		header := protowire.AppendTag(nil, fields[i%len(fields)], protowire.BytesType)
		header = protowire.AppendVarint(header, uint64(size-at))
		if at -= len(header); at < 0 {
			return buf[at+len(header):]
		}
		copy(buf[at:], header)
	}
}

// lies are answers that Kong would not give, the large ones of about this size.
func lies(size int) map[string]wiretest.Answer {
	always := func(reply []byte) wiretest.Answer { return func(string, []byte) []byte { return reply } }
	text, _ := proto.Marshal(&pb.String{V: "a text"})
	field := func(number protowire.Number, content []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), content)
	}
	lists := field(6, field(1, nested([]protowire.Number{6, 1}, size/20*20))) // of google.protobuf.Value
	return map[string]wiretest.Answer{
		"nothing":                  always(nil),
		"a text for everything":    always(text),
		"no protobuf":              always([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")),
		"a field that is cut":      always([]byte{0x0a, 0x7f, 'a'}),
		"a group":                  always([]byte{0x0b, 0x0c}),
		"a text that is no UTF-8":  always([]byte{0x0a, 0x02, 0xff, 0xfe}),
		"lists in lists":           always(field(1, append([]byte{0x0a, 0x01, 'a'}, field(2, lists)...))),
		"structs in structs":       always(nested([]protowire.Number{1, 2, 5}, size)),
		"many faults":              always([]byte(strings.Repeat("\x0a\x01\x0a", size/3))),
		"many headers":             always([]byte(strings.Repeat("\x0a\x05\x0a\x01a\x12\x00", size/7))),
		"a long text":              always(protowire.AppendBytes([]byte{0x0a}, make([]byte, size))),
		"more than a frame may be": always(make([]byte, 4<<20+1)),
		"every number there is":    always([]byte{0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x11, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f}),
	}
}

// A peer that lies about a request gets an answer or the end of its connection; the next request is as ever.
func TestLiesHarmNobody(t *testing.T) {
	// A peer that answers without reading what the server writes meanwhile may wait for the server, and it for the peer.
	const stuck = time.Second
	v := start(t, testLimits())
	for name, lie := range lies(200 << 10) {
		for plugin, config := range plugins() {
			c := v.dial()
			id, err := c.Start(plugin, config)
			if err != nil {
				t.Fatal(err)
			}
			_ = c.SetDeadline(time.Now().Add(stuck))
			_, _ = c.Event(id, lie)
			_ = c.Close()
			if t.Failed() {
				t.Fatalf("after %s for %s", name, plugin)
			}
		}
		v.kongGetsThrough()
	}
	if panics, _ := v.metric("tollgate_server_panics_total"); panics != 0 {
		t.Errorf("%v panics: %s", panics, v.log.String())
	}
}

func TestAPeerThatGoesInTheMiddleHarmsNobody(t *testing.T) {
	v := start(t, testLimits())
	for plugin, config := range plugins() {
		for questions := range 4 {
			c := v.dial()
			id, err := c.Start(plugin, config)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = c.Event(id, func(method string, args []byte) []byte {
				if questions--; questions < 0 {
					_ = c.Close()
				}
				return kong(map[string]any{"authorization": "Bearer a.b.c"})(method, args)
			})
		}
	}
	v.kongGetsThrough()
}

func TestGarbageBehindGoodFramesEndsItsConnectionOnly(t *testing.T) {
	v := start(t, testLimits())
	for name, garbage := range map[string]string{
		"an empty frame": "\x00\x00\x00\x00", "a giant one": "\xff\xff\xff\xff", "text": "GET / HTTP/1.1\r\n\r\n", "no command": "\x02\x00\x00\x00\x08\x01",
	} {
		c := v.dial()
		id, err := c.Start("header-guard", guardConfig)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Event(id, kong(map[string]any{"x-tenant": "acme"})); err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, garbage)
		if _, err := c.ReadFrame(); err == nil {
			t.Errorf("%s was answered", name)
		}
	}
	v.kongGetsThrough()
}

func TestAHugeConfigurationIsNoBurden(t *testing.T) {
	v := start(t, testLimits())
	for name, config := range map[string]string{
		"deep":         strings.Repeat(`{"a":`, 1<<14),
		"deep lists":   `{"rules":` + strings.Repeat("[", 1<<15),
		"many unknown": "{" + manyMembers(5_000) + "}",
		"long":         `{"rules":[{"header":"` + strings.Repeat("x", 1<<20) + `"}]}`,
		"a long scope": `{"route_id":"` + strings.Repeat("x", 1<<16) + `"}`,
	} {
		for plugin := range plugins() {
			c := v.dial()
			id, err := c.Start(plugin, config)
			if err != nil {
				t.Fatalf("%s for %s: %v", name, plugin, err)
			}
			if exit, _ := c.Event(id, kong(nil)); exit.GetStatus() != 500 {
				t.Errorf("%s for %s: status %d, want 500", name, plugin, exit.GetStatus())
			}
			_ = c.Close()
		}
	}
	v.kongGetsThrough()
	for line := range strings.Lines(v.log.String()) {
		if len(line) > 16<<10 {
			t.Errorf("a line of the log has %d bytes", len(line))
		}
	}
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"m%d":0`, i)
	}
	return b.String()
}

// One peer's words reach no other: what was read for a connection that ended is not there for the next.
func TestNothingIsReadAcross(t *testing.T) {
	v := start(t, testLimits())
	c := v.dial()
	id, err := c.Start("header-guard", guardConfig)
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		other := v.dial() // leaves an answer half sent, which names a tenant
		_ = other.WriteFrame(event(id))
		_, _ = other.ReadFrame()
		reply := kong(map[string]any{"x-tenant": "acme"})("kong.request.get_headers", nil)
		_, _ = other.Write(wire.AppendFrame(nil, reply)[:len(reply)])
		_ = other.Close()
		next := v.dial() // the server may give it what it kept of the other
		if err := judged(next, id); err != nil {
			t.Fatal(err)
		}
		_ = next.Close()
	}
}
