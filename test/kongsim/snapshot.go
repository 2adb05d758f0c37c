package kongsim

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"tollgate/test/kongsim/internal/deck"
	"tollgate/test/kongsim/internal/lua"
	"tollgate/test/kongsim/internal/router"
)

// snapshot is one loaded configuration. It does not change; a reload makes
// another one.
type snapshot struct {
	router    *router.Router
	consumers []*deck.Consumer
	keys      map[string]*deck.Key
	plugins   []*plugin                          // those with a config, in running order
	configs   map[string]map[scope]*pluginConfig // by plugin name
}

// scope is what a plugin's config is bound to; "" is anything.
type scope struct{ route, service, consumer string }

// pluginConfig is one entry of `plugins` with defaults applied.
type pluginConfig struct {
	id     string
	values map[string]any
	starts []instanceConfig // by worker
}

// instanceConfig is what a worker starts an instance with.
type instanceConfig struct {
	seq  int64
	json []byte
}

// load parses a configuration and gives every plugin config new sequence
// numbers, one a worker.
func load(source []byte, plugins []*plugin, workers int, nextSeq func() int64) (*snapshot, error) {
	config, err := deck.Parse(source)
	if err != nil {
		return nil, fmt.Errorf("declarative config:\n%w", err)
	}
	s := &snapshot{consumers: config.Consumers, keys: map[string]*deck.Key{}, configs: map[string]map[scope]*pluginConfig{}}
	for _, key := range config.Keys {
		s.keys[key.Key] = key
	}
	if s.router, err = router.New(config.Routes); err != nil {
		return nil, fmt.Errorf("declarative config: %w", err)
	}
	if err := s.addPlugins(config.Plugins, plugins); err != nil {
		return nil, fmt.Errorf("declarative config:\n%w", err)
	}
	for range workers {
		s.number(config.Plugins, nextSeq)
	}
	return s, nil
}

func (s *snapshot) addPlugins(entries []*deck.Plugin, plugins []*plugin) error {
	var problems []error
	for _, entry := range entries {
		at := slices.IndexFunc(plugins, func(p *plugin) bool { return p.name == entry.Name })
		if at < 0 {
			problems = append(problems, fmt.Errorf("%s.name: plugin %q not enabled", entry.Where, entry.Name))
			continue
		}
		if err := s.addPlugin(entry, plugins[at]); err != nil {
			problems = append(problems, err)
		}
	}
	for _, p := range plugins {
		if s.configs[p.name] != nil {
			s.plugins = append(s.plugins, p)
		}
	}
	return errors.Join(problems...)
}

func (s *snapshot) addPlugin(entry *deck.Plugin, p *plugin) error {
	normal, err := lua.Normal(entry.Config)
	if err != nil {
		return fmt.Errorf("%s.config: %w", entry.Where, err)
	}
	given, _ := normal.(map[string]any)
	values, err := p.schema.Fill(given)
	if err != nil {
		return fmt.Errorf("%s (%s):\n%w", entry.Where, entry.Name, err)
	}
	if !entry.Enabled {
		return nil
	}
	if s.configs[p.name] == nil {
		s.configs[p.name] = map[scope]*pluginConfig{}
	}
	s.configs[p.name][scopeOf(entry)] = &pluginConfig{id: entry.ID, values: values}
	return nil
}

func scopeOf(entry *deck.Plugin) scope {
	return scope{entry.RouteID(), entry.ServiceID(), entry.ConsumerID()}
}

// number completes the configs for one more worker.
func (s *snapshot) number(entries []*deck.Plugin, nextSeq func() int64) {
	for _, entry := range entries {
		if c := s.configs[entry.Name][scopeOf(entry)]; c != nil && c.id == entry.ID {
			seq := nextSeq()
			c.starts = append(c.starts, instanceConfig{seq: seq, json: instanceJSON(entry, c.values, seq)})
		}
	}
}

// instanceJSON adds the members that Kong's get_plugin_config adds; they win
// over fields of the same name.
func instanceJSON(entry *deck.Plugin, values map[string]any, seq int64) []byte {
	all := maps.Clone(values)
	all["__plugin_id"] = entry.ID
	all["__ws_id"] = deck.WorkspaceID
	all["__seq__"] = float64(seq)
	all["__key__"] = fmt.Sprintf("plugins:%s:%s:%s:%s::%s", entry.Name,
		entry.RouteID(), entry.ServiceID(), entry.ConsumerID(), deck.WorkspaceID)
	for name, value := range map[string]string{
		"route_id":             entry.RouteID(),
		"service_id":           entry.ServiceID(),
		"consumer_id":          entry.ConsumerID(),
		"plugin_instance_name": entry.InstanceName,
	} {
		delete(all, name)
		if value != "" {
			all[name] = value
		}
	}
	return lua.JSON(all)
}

// specificity is the order of Kong's lookup_cfg: which parts of a request's
// scope a config is bound to.
var specificity = [...]struct{ route, service, consumer bool }{
	{true, true, true},
	{true, false, true},
	{false, true, true},
	{true, true, false},
	{false, false, true},
	{true, false, false},
	{false, true, false},
	{false, false, false},
}

// find is the plugin's config with the most specific scope, nil for none.
func (s *snapshot) find(plugin string, is scope) *pluginConfig {
	configs := s.configs[plugin]
	for _, bound := range specificity {
		at, ok := is.part(bound.route, bound.service, bound.consumer)
		if c := configs[at]; ok && c != nil {
			return c
		}
	}
	return nil
}

// part is not ok where the request has nothing of what is asked for.
func (s scope) part(route, service, consumer bool) (at scope, ok bool) {
	if route {
		at.route = s.route
	}
	if service {
		at.service = s.service
	}
	if consumer {
		at.consumer = s.consumer
	}
	ok = route == (at.route != "") && service == (at.service != "") && consumer == (at.consumer != "")
	return at, ok
}

// consumer finds by id or by username.
func (s *snapshot) consumer(match func(*deck.Consumer) bool) *deck.Consumer {
	if at := slices.IndexFunc(s.consumers, match); at >= 0 {
		return s.consumers[at]
	}
	return nil
}
