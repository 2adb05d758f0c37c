package fleet

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"

	"tollgate/pluginserver/wiretest"
)

// worker plays a worker of a gateway: it sends requests to its node, one after the other.
type worker struct {
	socket, config string
	conn           *wiretest.Client // nil after an exit, which costs Kong the connection
	instance       int32
}

// request sends one request of a consumer, and returns the status that its client sees: 200 where the
// plugin lets it pass.
func (w *worker) request(consumer string) (status int, err error) {
	if err := w.connect(); err != nil {
		return 0, err
	}
	_ = w.conn.SetDeadline(time.Now().Add(patience)) // a node that hangs must not hang the test
	reply, err := proto.Marshal(&pb.Consumer{Id: consumer, Username: consumer})
	if err != nil {
		return 0, fmt.Errorf("encoding the consumer: %w", err)
	}
	exit, err := w.conn.Event(w.instance, func(method string, _ []byte) []byte {
		if method == "kong.client.get_consumer" {
			return reply
		}
		return nil
	})
	if err == nil {
		return http.StatusOK, nil
	}
	w.close()
	if errors.Is(err, wiretest.ErrExited) {
		return int(exit.GetStatus()), nil
	}
	return 0, fmt.Errorf("sending a request: %w", err)
}

// connect opens the connection where there is none, and starts the instance at the first.
func (w *worker) connect() error {
	if w.conn != nil {
		return nil
	}
	conn, err := wiretest.Dial(w.socket)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	w.conn = conn
	if w.instance == 0 {
		if w.instance, err = conn.Start("tiered-limit", w.config); err != nil {
			w.close()
			return fmt.Errorf("starting the instance: %w", err)
		}
	}
	return nil
}

func (w *worker) close() {
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}
