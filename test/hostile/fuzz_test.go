package hostile

import (
	"io"
	"maps"
	"net"
	"slices"
	"testing"
	"time"

	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"

	"tollgate/pluginserver/wiretest"
)

// FuzzCommands sends any bytes as one command behind a good one.
func FuzzCommands(f *testing.F) {
	// Of header-guard only: the others would call the addresses that the fuzzer makes up.
	f.Add(command(&pb.RpcCall{Sequence: 2, Call: &pb.RpcCall_CmdStartInstance{
		CmdStartInstance: &pb.CmdStartInstance{Name: "header-guard", Config: []byte(guardConfig)}}}))
	f.Add(command(&pb.RpcCall{Call: &pb.RpcCall_CmdGetPluginInfo{CmdGetPluginInfo: &pb.CmdGetPluginInfo{Name: "jwks-verify"}}}))
	f.Add(event(1))
	f.Add([]byte{0xff})
	v := start(f, testLimits())
	f.Fuzz(func(t *testing.T, sent []byte) {
		c := dial(t, v)
		defer c.Close()
		if _, err := c.Start("header-guard", guardConfig); err != nil {
			t.Fatal(err)
		}
		if c.WriteFrame(sent) == nil && c.WriteFrame(nil) == nil { // whatever came, no command ends the connection
			_ = c.Conn.(*net.UnixConn).CloseWrite()
			_, _ = io.Copy(io.Discard, c)
		}
		alive(t, v)
	})
}

// FuzzConversation plays a Kong by a script: each byte is a step, with the bytes that it takes behind it.
func FuzzConversation(f *testing.F) {
	for plugin := range byte(3) {
		f.Add([]byte{stepStart, plugin, stepEvent, stepAnswer, stepAnswer, stepAnswer, stepStop})
		for lie := range byte(13) {
			f.Add([]byte{stepStart, plugin, stepEvent, stepLie, lie, stepLie, lie, stepAnswer, stepEvent, stepAnswer})
		}
	}
	f.Add([]byte{stepStart, 0, stepEvent, stepRaw, 4, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{stepStart, 1, stepEvent, stepEvent, stepAnswer})
	f.Add([]byte{stepEvent, stepStop, stepStart, 2, stepStop, stepEvent})
	var sorted []wiretest.Answer
	all := lies(32 << 10) // a step must not take long
	for _, name := range slices.Sorted(maps.Keys(all)) {
		sorted = append(sorted, all[name])
	}
	v := start(f, testLimits())
	f.Fuzz(func(t *testing.T, script []byte) {
		c := dial(t, v)
		defer c.Close()
		player{c: c, script: script, lies: sorted}.play()
		alive(t, v)
	})
}

// The steps of a script.
const (
	stepStart  = iota // and the plugin's number
	stepEvent         // of the latest instance
	stepAnswer        // the question that waits as Kong does
	stepLie           // and the lie's number
	stepRaw           // how many bytes, and these
	stepStop          // the latest instance
	steps
)

// player is one script under way.
type player struct {
	c      *wiretest.Client
	script []byte
	lies   []wiretest.Answer
	id     int32
	method string // of the question that waits
}

// take cuts n bytes off the script.
func (p *player) take(n int) []byte {
	n = min(n, len(p.script))
	taken := p.script[:n]
	p.script = p.script[n:]
	return taken
}

func (p *player) number() int {
	for _, b := range p.take(1) {
		return int(b)
	}
	return 0
}

func (p player) play() {
	const longest = 40 // steps
	for range longest {
		if len(p.script) == 0 || p.step() != nil {
			return
		}
	}
}

func (p *player) step() error {
	switch p.number() % steps {
	case stepStart:
		names := []string{"header-guard", "jwks-verify", "tiered-limit", "unheard-of"}
		name := names[p.number()%len(names)]
		return p.send(&pb.RpcCall{Call: &pb.RpcCall_CmdStartInstance{CmdStartInstance: &pb.CmdStartInstance{Name: name, Config: []byte(plugins()[name])}}})
	case stepEvent:
		if err := p.c.WriteFrame(event(p.id)); err != nil {
			return err
		}
		return p.listen()
	case stepAnswer:
		return p.answer(kong(map[string]any{"x-tenant": "acme", "authorization": "Bearer a.b.c"}))
	case stepLie:
		return p.answer(p.lies[p.number()%len(p.lies)])
	case stepRaw:
		_, err := p.c.Write(p.take(p.number()))
		return err
	}
	return p.send(&pb.RpcCall{Call: &pb.RpcCall_CmdCloseInstance{CmdCloseInstance: &pb.CmdCloseInstance{InstanceId: p.id}}})
}

// send sends a command and reads what comes, which may be something else than its answer.
func (p *player) send(call *pb.RpcCall) error {
	if err := p.c.WriteFrame(command(call)); err != nil {
		return err
	}
	return p.listen()
}

func (p *player) answer(answer wiretest.Answer) error {
	if err := p.c.WriteFrame(answer(p.method, nil)); err != nil {
		return err
	}
	return p.listen()
}

// listen reads a frame or two, where they come soon: a question, or the end of an event.
func (p *player) listen() error {
	const soon = 20 * time.Millisecond
	for range 2 {
		_ = p.c.SetReadDeadline(time.Now().Add(soon))
		frame, err := p.c.ReadFrame()
		if err != nil {
			if isTimeout(err) {
				return nil
			}
			return err
		}
		var answer pb.RpcReturn
		if len(frame) > 0 && frame[0] == 'k' {
			p.method = string(frame)
		} else if proto.Unmarshal(frame, &answer) == nil && answer.GetInstanceStatus().GetInstanceId() != 0 {
			p.id = answer.GetInstanceStatus().GetInstanceId()
			return nil
		}
	}
	return nil
}

func isTimeout(err error) bool {
	timeout, ok := err.(interface{ Timeout() bool })
	return ok && timeout.Timeout()
}

func dial(t *testing.T, v *victim) *wiretest.Client {
	t.Helper()
	c, err := wiretest.Dial(v.socket)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(patience))
	return c
}

// alive wants the server to judge right on another connection.
func alive(t *testing.T, v *victim) {
	t.Helper()
	c := dial(t, v)
	defer c.Close()
	id, err := c.Start("header-guard", guardConfig)
	if err == nil {
		err = judged(c, id)
	}
	if err != nil {
		t.Fatalf("%v\nthe server says: %s", err, v.log.String())
	}
}
