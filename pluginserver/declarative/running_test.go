package declarative

import (
	"strings"
	"testing"
)

const runningFile = `
services:
  - name: orders
    routes:
      - {name: get, plugins: [{name: p, instance_name: closest, config: {}}]}
      - {name: put}
      - {name: off, plugins: [{name: p, enabled: false, config: {}}]}
    plugins: [{name: p, config: {}}]
  - name: carts
    routes: [{name: cart}]
`

func TestTheInstanceThatRunsIsTheClosestOne(t *testing.T) {
	for _, row := range []struct {
		narrow Narrow
		global bool
		want   string
	}{
		{Narrow{Route: "get"}, false, "closest"},
		{Narrow{Route: "put"}, false, "service orders"},
		{Narrow{Route: "off"}, false, "service orders"},
		{Narrow{Route: "put", Service: "orders"}, false, "service orders"},
		{Narrow{Instance: "service orders"}, false, "service orders"},
		{Narrow{Instance: "closest"}, false, "closest"},
		{Narrow{Route: "cart"}, true, "global"},
		{Narrow{Service: "orders"}, true, `2 instances: say --route, --service, or --instance with one of "closest", "service orders"`},
		{Narrow{}, true, `3 instances`},
		{Narrow{Route: "cart"}, false, "as narrowed by"},
		{Narrow{Route: "away"}, true, "as narrowed by"},
		{Narrow{Route: "get", Instance: "global"}, true, "as narrowed by"},
	} {
		text := runningFile
		if row.global {
			text += "plugins: [{name: p, config: {}}]\n"
		}
		d, err := Parse("p", Source{Name: "f", Text: []byte(text)})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if p, err := d.Running(row.narrow); err != nil {
			got = err.Error()
		} else {
			got = p.Title()
		}
		if !strings.Contains(got, row.want) {
			t.Errorf("%+v, global %t: %s, want %s", row.narrow, row.global, got, row.want)
		}
	}
	d, err := Parse("other", Source{Name: "f", Text: []byte(runningFile)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Running(Narrow{}); err == nil || err.Error() != "no instance that is enabled and runs" {
		t.Errorf("of another plugin: %v", err)
	}
}
