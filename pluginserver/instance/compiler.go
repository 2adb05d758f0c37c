package instance

import (
	"errors"
	"fmt"
	"runtime"

	"tollgate/internal/panics"
	"tollgate/internal/plugin"
	"tollgate/internal/schema"
	"tollgate/internal/shared"
)

// largestConfig is the longest configuration taken, in bytes of JSON.
const largestConfig = 1 << 20

// compiler builds handlers, and keeps each for as long as an instance has it.
type compiler struct {
	plugins map[string]plugin.Plugin
	held    *shared.Pool[*compiled]
	room    *shared.Room
	turns   chan struct{} // one for each that may be built at a time
}

// compiled is one distinct configuration.
type compiled struct {
	handler plugin.Handler
	weight  int
}

func newCompiler(plugins []plugin.Plugin, options Options) *compiler {
	c := &compiler{
		plugins: map[string]plugin.Plugin{},
		room:    shared.NewRoom(options.Weight),
		turns:   make(chan struct{}, runtime.GOMAXPROCS(0)),
	}
	c.held = shared.NewPool(options.Grace, c.dispose)
	for _, p := range plugins {
		c.plugins[p.Name] = p
	}
	return c
}

// served is the plugin's name, or unknownPlugin.
func (c *compiler) served(name string) string {
	if _, ok := c.plugins[name]; ok {
		return name
	}
	return unknownPlugin
}

// weightOf reckons what a configuration takes in memory. One of the smallest takes 2 to 5 KB, and some 50 KB where
// its issuer or its Redis is nobody else's; a long one takes a multiple of its text.
func weightOf(content []byte) int {
	const least, multiple = 64 << 10, 16
	return least + multiple*len(content)
}

// lease returns the handler of a configuration, building it at the first request for it. Only so many at a time
// are read and built: what that takes for a moment is a multiple of the text too.
func (c *compiler) lease(name string, config []byte) (*shared.Lease[*compiled], error) {
	p, ok := c.plugins[name]
	if !ok {
		return nil, fmt.Errorf("the plugin server does not serve the plugin %.64q", name)
	}
	if len(config) > largestConfig {
		return nil, fmt.Errorf("configuration of %s: it has %d bytes, and may have %d", name, len(config), largestConfig)
	}
	c.turns <- struct{}{}
	defer func() { <-c.turns }()
	content, err := schema.Canonical(config)
	if err != nil {
		return nil, fmt.Errorf("configuration of %s: %w", name, err)
	}
	return c.held.Acquire(name+"\x00"+string(content), func() (*compiled, error) { return c.build(p, content) })
}

func (c *compiler) build(p plugin.Plugin, content []byte) (*compiled, error) {
	one := &compiled{weight: weightOf(content)}
	if err := c.room.Take(one.weight); err != nil {
		return nil, fmt.Errorf("holding another configuration of %s: %w", p.Name, err)
	}
	var err error
	caught := panics.Catch(func() { one.handler, err = p.Build(content) })
	if err = errors.Join(err, caught); err != nil {
		c.room.Give(one.weight)
		return nil, err
	}
	return one, nil
}

func (c *compiler) dispose(one *compiled) {
	one.handler.Close()
	c.room.Give(one.weight)
}

// isFull tells whether a configuration was refused for want of room, not for what it says.
func isFull(err error) bool { return errors.Is(err, shared.ErrNoRoom) }
