package kongsim

import (
	"errors"
	"fmt"
	"strings"

	protocol "github.com/Kong/go-pdk/server/kong_plugin_protocol"

	"tollgate/test/kongsim/internal/wire"
)

// event is one phase of one request, handled by one external plugin.
type event struct {
	x      *exchange
	plugin *plugin
	phase  phase
}

// run is Kong's handle_event. Whatever it decides, an answer included, is in
// the exchange afterwards.
func (e *event) run(c *pluginConfig) {
	for attempt := 1; ; attempt++ {
		err := e.attempt(c)
		switch {
		case err == nil, errors.Is(err, errExited):
			return
		case isRaised(err):
			e.log("err", err.Error())
			e.x.decide(e.x.raisedAnswer(e.phase))
			return
		case !retryable(err):
			e.log("err", "pluginserver error: "+err.Error())
			e.x.decide(e.x.errorAnswer(500, "", nil))
			return
		}
		e.log("warn", err.Error())
		e.x.gateway.workers.reset(e.plugin.name)
		e.x.gateway.counters.retries.Add(1)
		if reason := e.giveUp(attempt); reason != "" {
			e.log("crit", reason)
			e.x.decide(e.x.errorAnswer(500, "", nil))
			return
		}
	}
}

// attempt sends the event once, to an instance that it may have to start.
func (e *event) attempt(c *pluginConfig) error {
	worker := e.x.worker
	client := worker.rpcs[e.plugin.name]
	conf := c.starts[worker.number]
	id, err := worker.instances.acquire(e.x.gateway.ctx, e.plugin.name, c.id, conf, requestStarter{client, e.x})
	if err != nil {
		return err
	}
	_, err = client.call(e.x, &protocol.RpcCall{Call: &protocol.RpcCall_CmdHandleEvent{
		CmdHandleEvent: &protocol.CmdHandleEvent{InstanceId: id, EventName: e.phase.String()},
	}}, e.serve)
	return err
}

// retryable is how Kong tells a lost instance from another failure.
func retryable(err error) bool {
	text := strings.ToLower(err.Error())
	return strings.Contains(text, "no plugin instance") || strings.Contains(text, "closed")
}

// giveUp is where kongsim is kinder than Kong, which retries for ever.
func (e *event) giveUp(attempt int) string {
	switch {
	case e.x.in.Context().Err() != nil:
		return fmt.Sprintf("the client has left after %d attempts at this event: Kong would go on", attempt)
	case e.x.gateway.ctx.Err() != nil:
		return "kongsim stops: no further attempt at this event"
	case attempt >= e.x.gateway.options.MaxRetries:
		return fmt.Sprintf("the plugin server closed the connection %d times during this event: Kong would go on for ever", attempt)
	}
	return ""
}

// serve answers PDK calls until the plugin server sends an empty method name.
func (e *event) serve(c *wire.Conn) error {
	for {
		method, err := c.ReadFrame()
		if err != nil {
			return err
		}
		if len(method) == 0 {
			return nil
		}
		arg, err := c.ReadFrame()
		if err != nil {
			return err
		}
		reply, err := e.pdk(string(method), arg)
		if err != nil {
			return err
		}
		if err := c.WriteFrame(reply); err != nil {
			return raise(err)
		}
	}
}

// pdk is Kong's call_pdk.
func (e *event) pdk(name string, arg []byte) ([]byte, error) {
	m, ok := e.x.gateway.pdk[name]
	if !ok {
		e.x.gateway.counters.unknown(name)
		e.log("alert", fmt.Sprintf("PDK method %q is not known to kongsim", name))
		return nil, fmt.Errorf("method %q not found", name)
	}
	if m.phases&e.phase == 0 {
		return nil, raised{fmt.Sprintf("%s: function cannot be called in %s phase (only in: %s)", name, e.phase, m.phases)}
	}
	reply, err := m.call(e, arg)
	if err != nil && !errors.Is(err, errExited) {
		return nil, raised{name + ": " + err.Error()}
	}
	return reply, err
}

func (e *event) log(level, message string) { e.x.log(level, e.plugin.name, message) }
