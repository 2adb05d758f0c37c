package server

import (
	"context"
	"fmt"
	"net/http"

	"tollgate/internal/kong"
	"tollgate/internal/panics"
	"tollgate/internal/plugin"
	"tollgate/internal/problem"
	"tollgate/pluginserver/instance"
)

// handleEvent runs a plugin's handler. Where it returns nil, the event is to be answered with a
// return; an error ends the connection, after an answer by kong.response.exit where there was one.
func (c *conn) handleEvent(ctx context.Context, id int32, phase string) error {
	inst := c.server.instances.Get(id)
	if inst == nil {
		return errHangUp
	}
	m := c.server.metrics.of(inst.Plugin)
	began := m.began()
	err := c.run(ctx, inst, phase, m)
	m.ended(began)
	if err != nil {
		if c.server.faultLog.Allow() {
			c.server.log().Error("event failed", "plugin", inst.Plugin, "error", err, panics.Stack(err))
		}
		m.failures.Inc()
		c.answerFailure()
	}
	switch {
	case c.pdk.Exited():
		return c.hangUpAfterExit()
	case c.pdk.Err() != nil:
		return c.pdk.Err()
	}
	return nil
}

// run calls the handler.
func (c *conn) run(ctx context.Context, inst *instance.Instance, phase string, m eventMetrics) error {
	if phase != plugin.Phase {
		return fmt.Errorf("no handler for the phase %.64q", phase)
	}
	c.request.Scope = inst.Scope
	defer c.request.Forget()
	if err := panics.Catch(func() { inst.Handler.Access(ctx, c.request) }); err != nil {
		m.panics.Inc()
		return err
	}
	return c.pdk.Err()
}

// answerFailure ends the request with a 500, so that Kong does not retry the event for ever.
func (c *conn) answerFailure() {
	c.pdk.Abandon()
	body := problem.Problem{Status: http.StatusInternalServerError}.JSON()
	c.request.Exit(http.StatusInternalServerError, body, kong.Header{Name: "Content-Type", Value: problem.ContentType})
}

// hangUpAfterExit closes the connection that Kong has abandoned, once Kong has answered the calls
// before the exit.
func (c *conn) hangUpAfterExit() error {
	if err := c.pdk.Settle(); err != nil {
		return err
	}
	return errHangUp
}
