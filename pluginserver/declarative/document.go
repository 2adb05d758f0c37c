package declarative

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
)

// Document is what the files of a configuration say together.
type Document struct {
	Services  []*Service
	Routes    []*Route
	Consumers []*Consumer
	Plugins   []*Plugin
	// Grouped are the places of instances that are bound to a consumer group, which only Kong Enterprise has.
	// They are not among Plugins.
	Grouped []string
}

// Source is one file, rendered.
type Source struct {
	// Name is how messages call it.
	Name string
	Text []byte
}

// Parse reads the files of one configuration, which may refer to each other's entities, with the instances
// of one plugin.
func Parse(plugin string, sources ...Source) (*Document, error) {
	r := reader{only: plugin, document: &Document{}, configs: map[string]map[string]json.RawMessage{}}
	for _, source := range sources {
		f, err := decode(source.Text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", source.Name, err)
		}
		r.file(source.Name, f)
	}
	for _, bind := range r.later {
		bind()
	}
	return r.document, errors.Join(r.problems...)
}

// reader collects entities first, and binds them afterwards: a file may name one before it stands there.
type reader struct {
	only     string // the plugin
	document *Document
	configs  map[string]map[string]json.RawMessage // _plugin_configs
	later    []func()
	problems []error
}

func (r *reader) file(name string, f file) {
	maps.Copy(r.configs, f.PluginConfigs)
	for i, s := range f.Services {
		r.service(fmt.Sprintf("%s: services[%d]", name, i), s)
	}
	for i, t := range f.Routes {
		r.route(fmt.Sprintf("%s: routes[%d]", name, i), nil, t)
	}
	for i, c := range f.Consumers {
		r.consumer(fmt.Sprintf("%s: consumers[%d]", name, i), c)
	}
	for i, g := range f.Groups {
		for j, p := range g.Plugins {
			r.grouped(fmt.Sprintf("%s: consumer_groups[%d].plugins[%d]", name, i, j), p)
		}
	}
	for i, p := range f.Plugins {
		r.plugin(fmt.Sprintf("%s: plugins[%d]", name, i), Plugin{}, p)
	}
	for _, found := range f.all() {
		r.later = append(r.later, func() {
			if c, ok := among(r.document.Consumers, found.Consumer); ok {
				c.credentials = append(c.credentials, found.ID)
			}
		})
	}
}

func (r *reader) service(where string, s service) {
	made := &Service{newEntity("services", s.ID, s.Name)}
	r.document.Services = append(r.document.Services, made)
	for i, t := range s.Routes {
		r.route(fmt.Sprintf("%s.routes[%d]", where, i), made, t)
	}
	for i, p := range s.Plugins {
		r.plugin(fmt.Sprintf("%s.plugins[%d]", where, i), Plugin{Service: made}, p)
	}
}

func (r *reader) route(where string, of *Service, t route) {
	made := &Route{newEntity("routes", t.ID, t.Name), of}
	r.document.Routes = append(r.document.Routes, made)
	r.bind(where, t.Service, func(at string, name reference) {
		made.Service = find(r, at, "service", r.document.Services, name)
	})
	for i, p := range t.Plugins {
		r.plugin(fmt.Sprintf("%s.plugins[%d]", where, i), Plugin{Route: made}, p)
	}
}

func (r *reader) consumer(where string, c consumer) {
	made := &Consumer{Entity: newEntity("consumers", c.ID, c.Username), CustomID: c.CustomID, Tags: c.Tags}
	for _, found := range c.all() {
		made.credentials = append(made.credentials, found.ID)
	}
	r.document.Consumers = append(r.document.Consumers, made)
	for i, p := range c.Plugins {
		r.plugin(fmt.Sprintf("%s.plugins[%d]", where, i), Plugin{Consumer: made}, p)
	}
}

// all are the credentials that have an id.
func (c credentials) all() []credential {
	var out []credential
	for _, kind := range [][]credential{c.Key, c.Basic, c.JWT, c.OAuth2, c.HMAC, c.MTLS} {
		for _, found := range kind {
			if found.ID != "" {
				out = append(out, found)
			}
		}
	}
	return out
}

// plugin reads one that stands within what in is bound to.
func (r *reader) plugin(where string, in Plugin, p instance) {
	if p.Group != "" {
		r.grouped(where, p)
		return
	}
	if p.Name != r.only {
		return
	}
	in.ID, in.InstanceName, in.Where = p.ID, p.InstanceName, where
	in.Enabled = p.enabled()
	made := &in
	r.document.Plugins = append(r.document.Plugins, made)
	r.bind(where, p.Service, func(at string, name reference) {
		made.Service = find(r, at, "service", r.document.Services, name)
	})
	r.bind(where, p.Route, func(at string, name reference) {
		made.Route = find(r, at, "route", r.document.Routes, name)
	})
	r.bind(where, p.Consumer, func(at string, name reference) {
		made.Consumer = find(r, at, "consumer", r.document.Consumers, name)
	})
	r.later = append(r.later, func() { r.configure(made, p) })
}

func (r *reader) grouped(where string, p instance) {
	if p.Name == r.only && p.enabled() {
		r.document.Grouped = append(r.document.Grouped, where)
	}
}

func (p instance) enabled() bool { return p.Enabled == nil || *p.Enabled }

// configure merges the plugin's config into the one it rests on, as decK does: member by member.
func (r *reader) configure(p *Plugin, from instance) {
	base, ok := r.configs[from.ConfigSource]
	if from.ConfigSource != "" && !ok {
		r.complain(p.Where, "_plugin_configs has no %q", from.ConfigSource)
	}
	merged := map[string]json.RawMessage{}
	maps.Copy(merged, base)
	maps.Copy(merged, from.Config)
	p.Config, _ = json.Marshal(merged) // it was JSON before
}

func (r *reader) complain(where, format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...)))
}

func (r *reader) bind(where string, name reference, set func(where string, name reference)) {
	if name != "" {
		r.later = append(r.later, func() { set(where, name) })
	}
}

// find returns the entity with a name or an id, or complains.
func find[E interface{ called(string) bool }](r *reader, where, kind string, entities []E, name reference) E {
	found, ok := among(entities, name)
	if !ok {
		r.complain(where, "no %s is called %q", kind, string(name))
	}
	return found
}

func among[E interface{ called(string) bool }](entities []E, name reference) (found E, ok bool) {
	for _, entity := range entities {
		if entity.called(string(name)) {
			return entity, true
		}
	}
	return found, false
}
