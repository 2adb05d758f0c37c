package kongsim_test

import (
	"strings"
	"testing"

	protocol "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/structpb"
)

// bare calls a method that go-pdk wraps differently, or not at all.
func bare(name string) func(k turn) error {
	return func(k turn) error { return k.Log.Ask(name, nil, nil) }
}

// aborts are calls that Kong ends the event for: 500 for the client, EOF for
// the plugin.
var aborts = []struct {
	name, path string
	call       func(k turn) error
	logged     string
}{
	{"response.get_status in access", "/", bare("kong.response.get_status"), "in access phase"},
	{"response.get_header in access", "/", bare("kong.response.get_header"), "in access phase"},
	{"response.get_headers in access", "/", bare("kong.response.get_headers"), "in access phase"},
	{"response.get_source in access", "/", bare("kong.response.get_source"), "in access phase"},
	{"service.response.get_status in access", "/", bare("kong.service.response.get_status"), "in access phase"},
	{"log.serialize in access", "/", bare("kong.log.serialize"), "only in: log"},
	{"a maximum of headers that is too large", "/", func(k turn) error {
		_, err := k.Request.GetHeaders(1001)
		return err
	}, "max_headers must be <= 1000"},
	{"a maximum of headers that is zero", "/", func(k turn) error {
		_, err := k.Request.GetHeaders(0)
		return err
	}, "max_headers must be >= 1"},
	{"an argument without a value", "/?flag", func(k turn) error {
		_, err := k.Request.GetQueryArg("flag")
		return err
	}, "got boolean"},
	{"an exit with a status that is none", "/", func(k turn) error {
		return k.Log.Ask("kong.response.exit", &protocol.ExitArgs{Status: 99}, nil)
	}, "between 100 and 599"},
	{"a header without a value", "/", func(k turn) error {
		return k.Log.Ask("kong.response.set_header", &protocol.KV{K: "X-A"}, nil)
	}, "got nil"},
	{"a header that is false", "/", func(k turn) error {
		return k.Log.Ask("kong.response.set_header", &protocol.KV{K: "X-A", V: structpb.NewBoolValue(false)}, nil)
	}, "got nil"},
	{"a consumer id that is no UUID", "/", func(k turn) error {
		_, err := k.Client.LoadConsumer("alice", false)
		return err
	}, "not a uuid"},
	{"an argument that is garbage", "/", func(k turn) error {
		if err := writeFrame(k.conn, []byte("kong.request.get_header")); err != nil {
			return err
		}
		if err := writeFrame(k.conn, []byte{0x0a, 0x7f, 'x'}); err != nil {
			return err
		}
		_, err := readFrame(k.conn)
		return err
	}, "[probe]"},
}

func TestPDKCallsThatAbort(t *testing.T) {
	p := newProber(t)
	for _, row := range aborts {
		t.Run(row.name, func(t *testing.T) {
			before := len(p.errors.String())
			got, answer := p.ask(func(k turn) string { return join(row.call(k)) }, func() answer { return p.get(row.path) })
			if got != "EOF" || answer.status != 500 || !strings.Contains(answer.body, "An unexpected error occurred") {
				t.Errorf("plugin got %q, client %d %q; want EOF and 500", got, answer.status, answer.body)
			}
			if logged := p.errors.String()[before:]; !strings.Contains(logged, row.logged) {
				t.Errorf("%q is not in the error log:\n%s", row.logged, logged)
			}
		})
	}
}

func TestUnknownPDKMethodIsLoud(t *testing.T) {
	simOnly(t)
	p := newProber(t)
	got, answer := p.ask(func(k turn) string { return join(k.Log.Ask("kong.request.get_tea", nil, nil)) },
		func() answer { return p.get("/") })
	if got != "EOF" || answer.status != 500 {
		t.Errorf("plugin got %q, client %d", got, answer.status)
	}
	if diff := cmp.Diff(map[string]int{"kong.request.get_tea": 1}, p.sim.Counters().UnknownCalls); diff != "" {
		t.Errorf("counter (-want +got):\n%s", diff)
	}
	if !strings.Contains(p.errors.String(), `[alert]`) {
		t.Errorf("no alert in the error log:\n%s", p.errors)
	}
}
