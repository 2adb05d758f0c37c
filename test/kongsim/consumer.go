package kongsim

import (
	"maps"

	protocol "github.com/Kong/go-pdk/server/kong_plugin_protocol"

	"tollgate/test/kongsim/internal/deck"
)

// consumer is ngx.ctx.authenticated_consumer, from the configuration or as a
// plugin made it.
type consumer struct {
	ID, Username, CustomID string
	Tags                   []string
	CreatedAt              int64
	foreign                bool // made by a plugin server
}

// credential is ngx.ctx.authenticated_credential. ConsumerID is empty for
// those of Kong's own plugins: the PDK looks for it where they have none.
type credential struct {
	ID, ConsumerID string
	foreign        bool // made by a plugin server
}

// entity is the table that stands in Lua. One that came over the socket has
// every member, because lua-protobuf fills in what was not sent.
func (c *consumer) entity() map[string]any {
	tags := append([]string{}, c.Tags...)
	all := map[string]any{"id": c.ID, "username": c.Username, "custom_id": c.CustomID, "tags": tags, "created_at": c.CreatedAt}
	if !c.foreign {
		maps.DeleteFunc(all, func(_ string, v any) bool { return v == "" })
		if c.Tags == nil {
			delete(all, "tags")
		}
	}
	return all
}

func (c *credential) entity() map[string]any {
	all := map[string]any{"id": c.ID}
	if c.foreign {
		all["consumer_id"] = c.ConsumerID
	}
	return all
}

func (g *Gateway) newConsumer(c *deck.Consumer) *consumer {
	if c == nil {
		return nil
	}
	return &consumer{ID: c.ID, Username: c.Username, CustomID: c.CustomID, Tags: c.Tags, CreatedAt: g.loadedAt.Load()}
}

func (c *consumer) message() *protocol.Consumer {
	return &protocol.Consumer{Id: c.ID, CreatedAt: c.CreatedAt, Username: c.Username, CustomId: c.CustomID, Tags: c.Tags}
}

// consumerFrom is nil for an absent message.
func consumerFrom(m *protocol.Consumer) *consumer {
	if m == nil {
		return nil
	}
	return &consumer{ID: m.GetId(), Username: m.GetUsername(), CustomID: m.GetCustomId(), Tags: m.GetTags(), CreatedAt: m.GetCreatedAt(), foreign: true}
}

func credentialFrom(m *protocol.AuthenticatedCredential) *credential {
	if m == nil {
		return nil
	}
	return &credential{ID: m.GetId(), ConsumerID: m.GetConsumerId(), foreign: true}
}

// loadConsumer is kong.client.load_consumer; it finds by custom_id never.
func (x *exchange) loadConsumer(key string, byUsername bool) *consumer {
	found := x.snapshot.consumer(func(c *deck.Consumer) bool { return c.ID == key })
	if found == nil && byUsername && key != "" {
		found = x.snapshot.consumer(func(c *deck.Consumer) bool { return c.Username == key })
	}
	return x.gateway.newConsumer(found)
}
