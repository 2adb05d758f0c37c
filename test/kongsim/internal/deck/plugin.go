package deck

// scope is what a plugin is nested in.
type scope struct {
	route    *Route
	service  *Service
	consumer *Consumer
}

func (p *parser) plugin(n *node, in scope) {
	plugin := &Plugin{
		Name:         n.text("name", ""),
		InstanceName: n.text("instance_name", ""),
		Enabled:      n.boolean("enabled", true),
		Config:       n.object("config"),
		Route:        in.route,
		Service:      in.service,
		Consumer:     in.consumer,
		Where:        n.path,
	}
	if plugin.Name == "" {
		n.complain("name", "required field missing")
	}
	n.texts("tags")
	n.texts("protocols")
	p.bindRoute(n, func(r *Route) { plugin.Route = r })
	p.bindService(n, func(s *Service) { plugin.Service = s })
	p.bindConsumer(n, func(c *Consumer) { plugin.Consumer = c })
	n.get("id")
	n.refuseRest()
	p.config.Plugins = append(p.config.Plugins, plugin)
	p.later = append(p.later, func() {
		plugin.ID = p.id(n, "plugins", plugin.Name, plugin.RouteID(), plugin.ServiceID(), plugin.ConsumerID())
	})
}

// RouteID is "" for a plugin that is not bound to a route.
func (p *Plugin) RouteID() string {
	if p.Route == nil {
		return ""
	}
	return p.Route.ID
}

// ServiceID is "" for a plugin that is not bound to a service.
func (p *Plugin) ServiceID() string {
	if p.Service == nil {
		return ""
	}
	return p.Service.ID
}

// ConsumerID is "" for a plugin that is not bound to a consumer.
func (p *Plugin) ConsumerID() string {
	if p.Consumer == nil {
		return ""
	}
	return p.Consumer.ID
}

func (p *parser) bindRoute(n *node, set func(*Route)) {
	bind(p, n, "route", set, func(key string) *Route {
		for _, r := range p.config.Routes {
			if key == r.ID || key == r.Name {
				return r
			}
		}
		return nil
	})
}

func (p *parser) bindService(n *node, set func(*Service)) {
	bind(p, n, "service", set, func(key string) *Service {
		for _, s := range p.config.Services {
			if key == s.ID || key == s.Name {
				return s
			}
		}
		return nil
	})
}

func (p *parser) bindConsumer(n *node, set func(*Consumer)) {
	bind(p, n, "consumer", set, func(key string) *Consumer {
		for _, c := range p.config.Consumers {
			if key == c.ID || key == c.Username {
				return c
			}
		}
		return nil
	})
}

// bind resolves a reference once all entities are known. As in Kong it is a
// name or an id, or an object that holds an id.
func bind[E any](p *parser, n *node, kind string, set func(*E), find func(string) *E) {
	value := n.get(kind)
	if value == nil {
		return
	}
	key := referenceKey(value)
	if key == "" {
		n.complain(kind, "must be a name, an id, or an object with an id, got %v", value)
		return
	}
	p.later = append(p.later, func() {
		if entity := find(key); entity != nil {
			set(entity)
		} else {
			n.complain(kind, "no %s is called %q", kind, key)
		}
	})
}

func referenceKey(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case map[string]any:
		id, _ := value["id"].(string)
		return id
	}
	return ""
}
