package kongsim_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/Kong/go-pdk"
	protocol "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"

	"tollgate/test/kongsim"
)

// turn is one event as a plugin of the fake server sees it.
type turn struct {
	*pdk.PDK
	conn     net.Conn
	plugin   string
	instance int32
	config   map[string]any
	phase    string
}

// fake is a plugin server for tests, on go-pdk's own bridge. A handler that
// returns false has its connection closed instead of an answer.
type fake struct {
	t       *testing.T
	socket  string
	handle  func(turn) bool
	onStart func(name string) bool // false closes the connection

	mu        sync.Mutex
	started   []map[string]any // configs, in order
	closed    []int32
	instances map[int32]instance
	conns     map[net.Conn]bool
	accepted  atomic.Int64
	running   sync.WaitGroup
}

type instance struct {
	plugin string
	config map[string]any
}

func newFake(t *testing.T, handle func(turn) bool) *fake {
	t.Helper()
	dir, err := os.MkdirTemp("", "kongsim") // t.TempDir can be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{
		t: t, handle: handle, socket: filepath.Join(dir, "s"), instances: map[int32]instance{}, conns: map[net.Conn]bool{},
		onStart: func(string) bool { return true },
	}
	listener, err := net.Listen("unix", f.socket)
	if err != nil {
		t.Fatal(err)
	}
	f.running.Go(func() { f.accept(listener) })
	t.Cleanup(func() {
		listener.Close()
		f.dropConnections()
		f.running.Wait()
		os.RemoveAll(dir)
	})
	return f
}

func (f *fake) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		f.accepted.Add(1)
		f.mu.Lock()
		f.conns[conn] = true
		f.mu.Unlock()
		f.running.Go(func() {
			defer conn.Close()
			var err error
			for err == nil {
				err = f.serveCall(conn)
			}
		})
	}
}

func (f *fake) dropConnections() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for conn := range f.conns {
		conn.Close()
	}
}

var errHangUp = errors.New("hang up")

func (f *fake) serveCall(conn net.Conn) error {
	data, err := readFrame(conn)
	if err != nil {
		return err
	}
	var call protocol.RpcCall
	if err := proto.Unmarshal(data, &call); err != nil {
		f.t.Errorf("kongsim sent %x: %v", data, err)
		return err
	}
	reply := &protocol.RpcReturn{Sequence: call.GetSequence()}
	switch c := call.GetCall().(type) {
	case *protocol.RpcCall_CmdStartInstance:
		if !f.onStart(c.CmdStartInstance.GetName()) {
			return errHangUp
		}
		reply.Return = &protocol.RpcReturn_InstanceStatus{InstanceStatus: f.start(c.CmdStartInstance)}
	case *protocol.RpcCall_CmdCloseInstance:
		f.close(c.CmdCloseInstance.GetInstanceId())
	case *protocol.RpcCall_CmdHandleEvent:
		if !f.event(conn, c.CmdHandleEvent) {
			return errHangUp
		}
		if err := writeFrame(conn, nil); err != nil {
			return err
		}
	}
	out, err := proto.Marshal(reply)
	if err != nil {
		return err
	}
	return writeFrame(conn, out)
}

func (f *fake) start(c *protocol.CmdStartInstance) *protocol.InstanceStatus {
	f.mu.Lock()
	defer f.mu.Unlock()
	var config map[string]any
	if err := json.Unmarshal(c.GetConfig(), &config); err != nil {
		f.t.Errorf("config %q: %v", c.GetConfig(), err)
	}
	f.started = append(f.started, config)
	id := int32(len(f.started))
	f.instances[id] = instance{c.GetName(), config}
	return &protocol.InstanceStatus{Name: c.GetName(), InstanceId: id}
}

func (f *fake) close(id int32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.instances, id)
	f.closed = append(f.closed, id)
}

func (f *fake) event(conn net.Conn, c *protocol.CmdHandleEvent) bool {
	f.mu.Lock()
	i, ok := f.instances[c.GetInstanceId()]
	f.mu.Unlock()
	return ok && f.handle(turn{
		PDK: pdk.Init(conn), conn: conn, plugin: i.plugin, instance: c.GetInstanceId(), config: i.config, phase: c.GetEventName(),
	})
}

// starts are the configs that instances were started with.
func (f *fake) starts() []map[string]any {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]map[string]any(nil), f.started...)
}

func (f *fake) closes() []int32 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]int32(nil), f.closed...)
}

// server describes one plugin of the fake to kongsim. An empty schema is a
// record without fields.
func (f *fake) server(name string, priority float64, fields string, phases ...string) kongsim.PluginServer {
	f.t.Helper()
	if fields == "" {
		fields = "[]"
	}
	if len(phases) == 0 {
		phases = []string{"access"}
	}
	dump, err := json.Marshal(map[string]any{
		"Protocol": "ProtoBuf:1",
		"Plugins": []any{map[string]any{
			"Name": name, "Phases": phases, "Version": "0.1.0", "Priority": priority,
			"Schema": json.RawMessage(`{"name":"` + name + `","fields":[{"config":{"type":"record","fields":` + fields + `}}]}`),
		}},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	path := filepath.Join(f.t.TempDir(), "dump.json")
	if err := os.WriteFile(path, dump, 0o600); err != nil {
		f.t.Fatal(err)
	}
	return kongsim.PluginServer{Name: name, Socket: f.socket, Query: []string{"cat", path}}
}

func readFrame(r io.Reader) ([]byte, error) {
	var length uint32
	if err := binary.Read(r, binary.LittleEndian, &length); err != nil {
		return nil, err
	}
	data := make([]byte, length)
	_, err := io.ReadFull(r, data)
	return data, err
}

func writeFrame(w io.Writer, data []byte) error {
	_, err := w.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(data))), data...))
	return err
}
