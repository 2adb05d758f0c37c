package declarative

import "testing"

// Kong runs one instance: that which is bound most closely, in the order of lookup_cfg.
func TestTheInstanceThatIsBoundMostCloselyApplies(t *testing.T) {
	const entities = `
services: [{name: s, routes: [{name: r}]}, {name: bare}]
consumers: [{username: c}, {username: other}]
`
	closest := []string{
		"{name: tiered-limit, route: r, service: s, consumer: c}",
		"{name: tiered-limit, route: r, consumer: c}",
		"{name: tiered-limit, service: s, consumer: c}",
		"{name: tiered-limit, route: r, service: s}",
		"{name: tiered-limit, consumer: c}",
		"{name: tiered-limit, route: r}",
		"{name: tiered-limit, service: s}",
		"{name: tiered-limit}",
	}
	for i := range closest {
		text := entities + "plugins:\n- {name: tiered-limit, consumer: other}\n- {name: tiered-limit, enabled: false, route: r, service: s, consumer: c}\n"
		for j := len(closest) - 1; j >= i; j-- {
			text += "- " + closest[j] + "\n"
		}
		d := parse(t, text)
		want := d.Plugins[len(d.Plugins)-1]
		if got := d.Applied(d.Places()[0], d.Consumer("c")); got != want {
			t.Errorf("without the %d closest: %s applies, want %s", i, got.Scope(), want.Scope())
		}
	}
	d := parse(t, entities+"plugins: ["+closest[6]+", "+closest[4]+"]")
	if got := d.Applied(d.Places()[1], nil); got != nil {
		t.Errorf("elsewhere %s applies", got.Scope())
	}
}

func TestPlacesAreRoutesAndServicesWithoutOne(t *testing.T) {
	d := parse(t, "services: [{name: s, routes: [{name: r}]}, {name: bare}]\nroutes: [{name: top}]")
	var got string
	for _, at := range d.Places() {
		for _, c := range []struct{ service, route string }{{"s", "r"}, {"bare", ""}, {"", "top"}, {"s", "top"}} {
			if at.Called(c.service, c.route) {
				got += c.service + "/" + c.route + " "
			}
		}
	}
	if want := "s/r /top bare/ "; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if unknown := parse(t, "plugins: [{name: tiered-limit}]").Places(); len(unknown) != 1 || unknown[0] != (Place{}) {
		t.Errorf("without routes and services: %v", unknown)
	}
}
