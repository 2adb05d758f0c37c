package node

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"

	"tollgate/pluginserver/wiretest"
)

// Worker plays a worker of a gateway: it sends requests to its node, one after the other.
type Worker struct {
	node      *Node
	conn      *wiretest.Client // nil after an exit, which costs Kong the connection
	instances map[string]int32 // by configuration
}

// NewWorker returns one that has not connected yet.
func (n *Node) NewWorker() *Worker { return &Worker{node: n, instances: map[string]int32{}} }

// Verdict is what becomes of a request.
type Verdict struct {
	// Status is what the client sees: 200 where the plugin lets it pass.
	Status int
	// Store is what has decided, as the access log has it; empty where it is not told.
	Store string
}

// Request sends one request of a consumer to tiered-limit with a configuration.
func (w *Worker) Request(config, consumer string) (v Verdict, err error) {
	if err := w.connect(config); err != nil {
		return Verdict{}, err
	}
	_ = w.conn.SetDeadline(time.Now().Add(Patience)) // a node that hangs must not hang the test
	reply, err := proto.Marshal(&pb.Consumer{Id: consumer, Username: consumer})
	if err != nil {
		return Verdict{}, fmt.Errorf("encoding the consumer: %w", err)
	}
	exit, err := w.conn.Event(w.instances[config], func(method string, args []byte) []byte {
		switch method {
		case "kong.client.get_consumer":
			return reply
		case "kong.log.set_serialize_value":
			v.Store = storeIn(args)
		}
		return nil
	})
	if err == nil {
		v.Status = http.StatusOK
		return v, nil
	}
	w.Close()
	if errors.Is(err, wiretest.ErrExited) {
		v.Status = int(exit.GetStatus())
		return v, nil
	}
	return Verdict{}, fmt.Errorf("sending a request: %w", err)
}

// storeIn is what a member of the access log says that has decided.
func storeIn(args []byte) string {
	member := &pb.KV{}
	if err := proto.Unmarshal(args, member); err != nil {
		return ""
	}
	return member.GetV().GetStructValue().GetFields()["store"].GetStringValue()
}

// connect opens the connection where there is none, and starts the instance at the first.
func (w *Worker) connect(config string) error {
	if w.conn == nil {
		conn, err := wiretest.Dial(w.node.Socket)
		if err != nil {
			return fmt.Errorf("connecting: %w", err)
		}
		w.conn = conn
	}
	if w.instances[config] != 0 {
		return nil
	}
	id, err := w.conn.Start("tiered-limit", config)
	if err != nil {
		w.Close()
		return fmt.Errorf("starting the instance: %w", err)
	}
	w.instances[config] = id
	return nil
}

// Close closes the connection; the next request opens another.
func (w *Worker) Close() {
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}
