package declarative

import (
	"encoding/json"
	"slices"
	"strings"
)

// Origin tells where an entity's id comes from.
type Origin string

// The origins of an id.
const (
	// Given is an id that stands in the file.
	Given Origin = "config"
	// Derived is an id as a Kong without a database makes it.
	Derived Origin = "derived"
	// Unknown is no id: Kong makes one up each time it reads the file.
	Unknown Origin = ""
)

// Entity is what services, routes and consumers have in common.
type Entity struct {
	// ID is empty where Origin is Unknown.
	ID     string
	Origin Origin
	// Name is the username of a consumer.
	Name string
}

// called tells whether a name or an id is the entity's.
func (e *Entity) called(name string) bool {
	return name != "" && (name == e.Name || strings.EqualFold(name, e.ID))
}

// Label is what a person knows the entity by.
func (e *Entity) Label() string {
	switch {
	case e.Name != "":
		return e.Name
	case e.ID != "":
		return e.ID
	}
	return "(no name)"
}

func newEntity(kind, id, name string) Entity {
	switch {
	case id != "":
		return Entity{ID: id, Origin: Given, Name: name}
	case name != "":
		return Entity{ID: derivedID(kind, name), Origin: Derived, Name: name}
	}
	return Entity{}
}

// Service is an API behind the gateway.
type Service struct{ Entity }

// Route leads requests to a service, which is nil for a route without one.
type Route struct {
	Entity
	Service *Service
}

// Consumer is who calls.
type Consumer struct {
	Entity
	CustomID string
	Tags     []string
	// credentials are the ids of those that have one in the file.
	credentials []string
}

// Holds tells whether the consumer has the credential with an id, as far as the file says.
func (c *Consumer) Holds(credentialID string) bool {
	return slices.Contains(c.credentials, credentialID)
}

// Plugin is one instance of the plugin, with what it is bound to; nil is anything.
type Plugin struct {
	ID, InstanceName string
	Enabled          bool
	// Config is as written: defaults are not filled in.
	Config   json.RawMessage
	Service  *Service
	Route    *Route
	Consumer *Consumer
	// Where is its place in the file, for messages.
	Where string
}

// Scope says in words what the plugin is bound to.
func (p *Plugin) Scope() string {
	var bound []string
	if p.Service != nil {
		bound = append(bound, "service "+p.Service.Label())
	}
	if p.Route != nil {
		bound = append(bound, "route "+p.Route.Label())
	}
	if p.Consumer != nil {
		bound = append(bound, "consumer "+p.Consumer.Label())
	}
	if len(bound) == 0 {
		return "global"
	}
	return strings.Join(bound, ", ")
}
