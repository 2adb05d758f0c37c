package soak

import (
	"io"
	"time"

	"tollgate/pluginserver/wiretest"
)

// attackSocket sends the plugin socket what no Kong sends, by turns, until stop is closed. What it starts it closes,
// so that what grows is not its own.
func (s *soak) attackSocket(stop <-chan struct{}) {
	ticker := time.NewTicker(s.plan.betweenAttacks)
	defer ticker.Stop()
	attacks := s.attacks()
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		c, err := wiretest.Dial(s.Socket())
		if err != nil {
			continue // it has just been killed
		}
		_ = c.SetDeadline(time.Now().Add(time.Second))
		attacks[i%len(attacks)](c)
		_ = c.Close()
	}
}

func (s *soak) attacks() []func(*wiretest.Client) {
	raw := func(text string) func(*wiretest.Client) {
		return func(c *wiretest.Client) { _, _ = io.WriteString(c, text) }
	}
	return []func(*wiretest.Client){
		raw(""),
		raw("GET / HTTP/1.1\r\n\r\n"),
		raw("\x00\x00\x00\x00"),
		raw("\xff\xff\xff\xff" + "more"),
		raw("\x00\x00\x10\x00half"),
		func(c *wiretest.Client) { _, _ = c.Event(-1, nil) },
		func(c *wiretest.Client) { // a configuration that is wrong, and garbage for an answer
			id, err := c.Start("tiered-limit", `{"tiers":7}`)
			if err != nil {
				return
			}
			_, _ = c.Event(id, func(string, []byte) []byte { return []byte("\xff\xff\xff") })
			s.stopInstance(id)
		},
		func(c *wiretest.Client) { // gone in the middle of an event
			id, err := c.Start("header-guard", `{"rules":[{"header":"a"}]}`)
			if err != nil {
				return
			}
			_, _ = c.Event(id, func(string, []byte) []byte { _ = c.Close(); return nil })
			s.stopInstance(id)
		},
	}
}

// stopInstance closes an instance from another connection, as its own may have ended.
func (s *soak) stopInstance(id int32) {
	c, err := wiretest.Dial(s.Socket())
	if err != nil {
		return
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	_ = c.Stop(id)
}
