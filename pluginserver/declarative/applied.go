package declarative

// Place is where requests go.
type Place struct {
	// Service is nil for a route without one.
	Service *Service
	// Route is nil where the service has none in the files.
	Route *Route
}

// Places are all places that the files know: their routes, and their services without one. A configuration
// without either has one place, of which nothing is known.
func (d *Document) Places() []Place {
	var places []Place
	routed := map[*Service]bool{}
	for _, r := range d.Routes {
		places = append(places, Place{r.Service, r})
		routed[r.Service] = true
	}
	for _, s := range d.Services {
		if !routed[s] {
			places = append(places, Place{Service: s})
		}
	}
	if len(places) == 0 {
		return []Place{{}}
	}
	return places
}

// Applied is the one instance that Kong runs for a consumer's requests at a place: the one that
// is bound most closely, by lookup_cfg in kong/runloop/plugins_iterator.lua. The consumer is nil for
// requests without one; the result is nil where no instance applies.
func (d *Document) Applied(at Place, c *Consumer) *Plugin {
	orders := []struct{ route, service, consumer bool }{
		{true, true, true}, {true, false, true}, {false, true, true}, {true, true, false},
		{false, false, true}, {true, false, false}, {false, true, false}, {false, false, false},
	}
	for _, bound := range orders {
		if bound.route && at.Route == nil || bound.service && at.Service == nil || bound.consumer && c == nil {
			continue
		}
		for _, p := range d.Plugins {
			if p.Enabled && fits(p.Route, at.Route, bound.route) &&
				fits(p.Service, at.Service, bound.service) && fits(p.Consumer, c, bound.consumer) {
				return p
			}
		}
	}
	return nil
}

// fits tells whether an instance is bound to an entity, or to none where it must not be bound.
func fits[E any](to, entity *E, bound bool) bool {
	if bound {
		return to == entity
	}
	return to == nil
}

// Consumer finds a consumer by username, id or custom_id, in this order; nil where there is none.
func (d *Document) Consumer(name string) *Consumer {
	for _, is := range []func(*Consumer) bool{
		func(c *Consumer) bool { return c.Name == name },
		func(c *Consumer) bool { return c.called(name) },
		func(c *Consumer) bool { return c.CustomID == name },
	} {
		for _, c := range d.Consumers {
			if is(c) {
				return c
			}
		}
	}
	return nil
}

// Called tells whether a name or an id is that of the place's service, or route.
func (p Place) Called(service, route string) bool {
	return (service == "" || p.Service != nil && p.Service.called(service)) &&
		(route == "" || p.Route != nil && p.Route.called(route))
}
