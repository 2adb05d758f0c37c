package quota

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whose request comes from an address is known where the instance counts only those who are nobody, and where
// it is bound to one consumer.
func TestAnAddressIsFoundWhereverItCounts(t *testing.T) {
	b := newBench(t)
	const address = "192.0.2.1"
	nobody := "global | consumer | default:ip:" + address
	ann := "consumer ann | consumer | ann:ip:" + address + " gold 100+0-0=100"
	for _, row := range []struct {
		name   string
		narrow func(*Options)
		want   []string
	}{
		{"nobody's and one consumer's", func(o *Options) { o.Service = "open" }, []string{nobody + " free 10+0-0=10", ann}},
		{"that of routes without a service", func(o *Options) { o.Instance = "route (no name)" },
			[]string{"route (no name) | routes without a service | bare:service:-:ip:" + address + " free 10+0-0=10"}},
		{"in the tier that the operator says", func(o *Options) { o.Tier = "gold" }, []string{
			nobody + " gold 100+0-0=100", ann, "service api | consumer | api:ip:" + address + " gold 100+0-0=100",
			"route (no name) | routes without a service | bare:service:-:ip:" + address + " gold 100+0-0=100",
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := from("addresses.yml")
			row.narrow(&o)
			if diff := cmp.Diff(row.want, days(b.lines(t, show, "ip:"+address, o))); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			if b.stderr.Len() > 0 {
				t.Errorf("told: %s", b.stderr.String())
			}
		})
	}
}

// A credential that the files do not know may be that of a consumer with an instance of its own.
func TestACredentialIsFoundAtAConsumer(t *testing.T) {
	b := newBench(t)
	want := []string{"consumer eve | consumer | eve:credential:portal gold 100+0-0=100"}
	if diff := cmp.Diff(want, days(b.lines(t, show, "credential:portal", from("addresses.yml")))); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestAnInstanceThatIsBrokenHidesNoOther(t *testing.T) {
	b := newBench(t)
	o := from("broken.yml")
	o.JSON = true
	out, err := b.run(t, Action{Grant, 5}, "ann", o)
	if err != nil {
		t.Fatal(err)
	}
	var r reported
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"service sound | consumer | default:consumer:" + annID + " free 10+5-0=15"}, days(r.Counts)); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	want := []string{
		`services[0].plugins[0]: configuration of tiered-limit: tiers.free.quota_timezone: "Europe/Berlyn" is no time zone`,
		"services[1].plugins[0]: configuration of tiered-limit: tiers.free: must not have the name of another tier",
		"services[2].plugins[0]: configuration of tiered-limit: default_tier: must be one of the tiers fee",
		"services[3].plugins[0].config.redis.password: only a reference",
		"one of the routes has neither an id nor a name",
	}
	if len(r.Notes) != len(want) {
		t.Fatalf("notes %q", r.Notes)
	}
	for _, text := range want {
		if told := strings.Join(r.Notes, "\n"); !strings.Contains(told, text) || !strings.Contains(b.stderr.String(), text) {
			t.Errorf("%q is not in %s, nor in %s", text, told, b.stderr.String())
		}
	}
}

// The operator's tier outranks all, but not every instance has it.
func TestInstancesWithoutTheTierThatIsSaidAreNoted(t *testing.T) {
	b := newBench(t)
	o := from("services.yml")
	o.Tier = "silver"
	want := []string{"service api | service api | default:service:" + apiID + ":consumer:" + annID + " silver 20+0-0=20"}
	if diff := cmp.Diff(want, days(b.lines(t, show, "ann", o))); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if note := `note: testdata/services.yml: plugins[0]: there is no tier "silver"`; !strings.Contains(b.stderr.String(), note) {
		t.Errorf("%s; want %s", b.stderr.String(), note)
	}
}
