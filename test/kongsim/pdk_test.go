package kongsim_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/Kong/go-pdk/client"
	"github.com/Kong/go-pdk/entities"
	protocol "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/structpb"

	"tollgate/test/kongsim"
)

// prober is a gateway with one plugin in the access phase, whose work is
// given request by request.
type prober struct {
	*stand
	probe chan func(k turn) string
	said  chan string
}

func newProber(t *testing.T) *prober {
	t.Helper()
	p := &prober{probe: make(chan func(turn) string, 1), said: make(chan string, 1)}
	f := newFake(t, func(k turn) bool {
		select {
		case probe := <-p.probe:
			p.said <- probe(k)
		default:
			t.Error("the plugin ran without a request of the test")
		}
		return true
	})
	p.stand = start(t, kongsim.Options{Plugins: []kongsim.PluginServer{f.server("probe", 10, "")}}, `
consumers:
- {username: alice, custom_id: c-1, tags: ["tier:gold"], id: 11111111-1111-4111-8111-111111111111}
plugins: [{name: probe}]`)
	return p
}

// ask returns what the plugin reports and what the client got.
func (p *prober) ask(probe func(k turn) string, send func() answer) (string, answer) {
	p.probe <- probe
	got := send()
	return <-p.said, got
}

func join(parts ...any) string { return strings.TrimSpace(fmt.Sprintln(parts...)) }

func TestSharedContextLosesTypes(t *testing.T) {
	p := newProber(t)
	for _, row := range []struct {
		name string
		put  any
		want any
	}{
		{"an integer comes back as a float", 7, float64(7)},
		{"an empty list comes back as a map", []any{}, map[string]any{}},
		{"false inside a map is gone", map[string]any{"a": false, "b": true}, map[string]any{"b": true}},
		{"null becomes its name", map[string]any{"a": nil}, map[string]any{"a": "NULL_VALUE"}},
		{"a list keeps its order", []any{"x", 1.5}, []any{"x", 1.5}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var back any
			p.ask(func(k turn) string {
				if err := k.Ctx.SetShared("k", row.put); err != nil {
					t.Error(err)
				}
				var err error
				if back, err = k.Ctx.GetSharedAny("k"); err != nil {
					t.Error(err)
				}
				return ""
			}, func() answer { return p.get("/") })
			if diff := cmp.Diff(row.want, back); diff != "" {
				t.Errorf("came back (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHeaderBytesThatAreNotUTF8FailInGo(t *testing.T) {
	p := newProber(t)
	got, answer := p.ask(func(k turn) string {
		_, all := k.Request.GetHeaders(-1)
		_, one := k.Request.GetHeader("x-latin")
		method, err := k.Request.GetMethod()
		return join(all != nil, one != nil, method, err)
	}, func() answer { return p.get("/", "X-Latin: caf\xe9") })
	if got != "true true GET <nil>" || answer.status != 200 {
		t.Errorf("plugin got %q, client %d: want both to fail and the event to go on", got, answer.status)
	}
}

func TestLargeBodyComesAsAFile(t *testing.T) {
	p := newProber(t)
	for _, size := range []int{0, 8193, 20000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			var path string
			got, answer := p.ask(func(k turn) string {
				var result protocol.RawBodyResult
				if err := k.Log.Ask("kong.request.get_raw_body", nil, &result); err != nil {
					t.Error(err)
				}
				path = result.GetBodyFilepath()
				body, err := k.Request.GetRawBody()
				return join(len(body), err)
			}, func() answer { return p.send("POST", "/", strings.NewReader(strings.Repeat("x", size))) })
			if want := fmt.Sprintf("%d <nil>", size); got != want || (path != "") != (size > 10000) {
				t.Errorf("plugin got %q in file %q, want %q", got, path, want)
			}
			if n := answer.echoed(t).BodySize; n != int64(size) {
				t.Errorf("upstream got %d bytes", n)
			}
			if _, err := os.Stat(path); p.sim != nil && path != "" && err == nil {
				t.Errorf("%s was left behind", path)
			}
		})
	}
}

func TestAuthenticateSetsConsumerAndCredential(t *testing.T) {
	p := newProber(t)
	_, got := p.ask(func(k turn) string {
		err := k.Client.Authenticate(&entities.Consumer{Id: "id-1", Username: "bob"}, &client.AuthenticatedCredential{Id: "cred", ConsumerId: "id-1"})
		c, _ := k.Client.GetConsumer()
		credential, _ := k.Client.GetCredential()
		if err != nil || c.Username != "bob" || credential.ConsumerId != "id-1" {
			t.Errorf("%v %v %v", c, credential, err)
		}
		value, _ := structpb.NewValue(map[string]any{"tier": "gold", "tps": 5})
		if err := k.Log.Ask("kong.log.set_serialize_value", &protocol.KV{K: "tollgate.limit", V: value}, nil); err != nil {
			t.Error(err)
		}
		return ""
	}, func() answer { return p.get("/", "Authorization: Bearer secret") })
	entry := p.logged(got)
	want := map[string]any{
		"consumer":             map[string]any{"id": "id-1", "username": "bob", "custom_id": "", "tags": []any{}, "created_at": 0.0},
		"authenticated_entity": map[string]any{"id": "cred", "consumer_id": "id-1"},
		"tollgate":             map[string]any{"limit": map[string]any{"tier": "gold", "tps": float64(5)}},
		"upstream_status":      "200",
		"source":               "upstream",
	}
	for name, value := range want {
		if diff := cmp.Diff(value, entry[name]); diff != "" {
			t.Errorf("log member %s (-want +got):\n%s", name, diff)
		}
	}
	if strings.Contains(p.access.String(), "secret") {
		t.Error("the access log shows the Authorization header")
	}
}
