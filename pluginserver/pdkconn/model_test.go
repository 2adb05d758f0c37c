package pdkconn

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/Kong/go-pdk"
	"github.com/Kong/go-pdk/bridge"
	"github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"tollgate/pluginserver/wire"
)

// An answer that goes to another question would judge one request by another's consumer. So whatever a plugin
// mixes, each question about a variable is answered with that variable's name.
func TestEachQuestionGetsItsOwnAnswer(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &model{t: t, rt: rt}
		m.connect()
		defer func() { _ = m.ours.Conn.Close() }()
		name := rapid.SampledFrom([]string{"a", "b", "c", tooLarge})
		rt.Repeat(map[string]func(*rapid.T){
			"ask":        func(rt *rapid.T) { m.ask(name.Draw(rt, "name")) },
			"ask go-pdk": func(rt *rapid.T) { m.askPDK(name.Draw(rt, "name")) },
			"ahead":      func(rt *rapid.T) { m.ours.Ahead(getVar, variable(m.rt, name.Draw(rt, "name"))) },
			"send":       func(*rapid.T) { m.no(m.ours.Send("kong.log.warn", nil)) },
			"log":        func(*rapid.T) { m.no(m.pdk.Log.Warn("x")) },
			"half call":  func(*rapid.T) { _ = m.pdk.Response.SetHeader("x", "\xff") },
			"return":     func(*rapid.T) { m.no(m.ours.Return([]byte("return"))); m.no(m.ours.Settle()) },
			"exit":       func(*rapid.T) { m.exit() },
		})
	})
}

// tooLarge is the variable whose value is more than a frame may hold.
const tooLarge = "too large"

// model is a plugin's side of a connection, and a Kong that tells each variable's name.
type model struct {
	t    *testing.T
	rt   *rapid.T
	ours *Conn
	pdk  *pdk.PDK
}

// connect opens a connection, with the buffers of the one before as the server does.
func (m *model) connect() {
	a, b := socketPair(m.t)
	go echoVariables(b)
	if m.ours == nil {
		m.ours = New(a, wire.NewStream(a, testLimits))
		m.pdk = pdk.Init(m.ours)
		return
	}
	m.ours.stream.Reset(a)
	m.ours.Reset(a)
}

func (m *model) no(err error) {
	if err != nil {
		m.rt.Fatal(err)
	}
}

func (m *model) ask(name string) {
	reply, err := m.ours.Ask(getVar, variable(m.rt, name))
	var got kong_plugin_protocol.String
	if err == nil {
		m.no(proto.Unmarshal(reply, &got))
	}
	m.check(name, got.GetV(), err)
}

func (m *model) askPDK(name string) {
	got, err := m.pdk.Nginx.GetVar(name)
	m.check(name, got, err)
}

func (m *model) check(name, got string, err error) {
	if name == tooLarge {
		if !errors.Is(err, wire.ErrTooLarge) {
			m.rt.Fatalf("a reply that is too large: %v", err)
		}
		return
	}
	if err != nil || got != name {
		m.rt.Fatalf("asked for %q, got %.20q, %v", name, got, err)
	}
}

// exit ends the event, and the connection with it.
func (m *model) exit() {
	m.no(m.ours.Send(exitMethod, nil))
	m.no(m.ours.Settle())
	_ = m.ours.Conn.Close()
	m.connect()
}

func variable(rt *rapid.T, name string) []byte {
	args, err := proto.Marshal(bridge.WrapString(name))
	if err != nil {
		rt.Fatal(err)
	}
	return args
}

// echoVariables plays Kong for one event after the other, until an exit or the end of the connection.
func echoVariables(kongs net.Conn) {
	defer kongs.Close()
	stream := wire.NewStream(kongs, testLimits)
	next := func() (string, bool) {
		frame, err := stream.Next()
		if err != nil {
			return "", false
		}
		return string(wire.Payload(frame)), true
	}
	for {
		method, ok := next()
		args, okArgs := next() // of the empty frame, the return
		if !ok || !okArgs || method == exitMethod {
			return
		}
		if method == "" {
			continue
		}
		reply := ""
		if method == getVar {
			reply = args // a String is both the question and the answer
		}
		if strings.HasSuffix(args, tooLarge) {
			reply = strings.Repeat("x", testLimits.Frame+1)
		}
		if _, err := kongs.Write(wire.AppendString(nil, reply)); err != nil {
			return
		}
	}
}
