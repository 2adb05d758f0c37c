package quota

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"

	"tollgate/test/redistest"
)

// noon is a time at which twelve hours of the day are left in UTC.
var noon = time.Date(2025, 11, 21, 12, 0, 0, 0, time.UTC)

// The ids that Kong derives for the entities of the test's configuration.
const (
	annID = "acf09174-745e-5b26-aaec-4763c149acd7"
	apiID = "995edec0-86bd-564e-8374-a276c5c0c8dc"
)

// bench is a Redis whose time stands still at noon, and what an operator types.
type bench struct {
	*miniredis.Miniredis
	env    map[string]string
	stderr bytes.Buffer
}

func newBench(t *testing.T) *bench {
	t.Helper()
	m := redistest.Embedded(t)
	m.SetTime(noon)
	return &bench{Miniredis: m, env: map[string]string{"DECK_REDIS_PORT": m.Port()}}
}

// from is a configuration in testdata.
func from(file string) Options {
	return Options{Configs: []string{filepath.Join("testdata", file)}, Timeout: 5 * time.Second}
}

func (b *bench) run(t *testing.T, a Action, name string, o Options) (string, error) {
	t.Helper()
	var stdout bytes.Buffer
	b.stderr.Reset()
	err := Run(t.Context(), a, name, o, Env{
		Lookup: func(name string) (string, bool) { value, ok := b.env[name]; return value, ok },
		Stdin:  strings.NewReader(""), Stdout: &stdout, Diagnostics: &b.stderr, Now: time.Now,
	})
	return stdout.String(), err
}

// lines are the counts of an action, as JSON has them.
func (b *bench) lines(t *testing.T, a Action, name string, o Options) []reportedLine {
	t.Helper()
	o.JSON = true
	out, err := b.run(t, a, name, o)
	if err != nil {
		t.Fatalf("%s %s: %v", a.Name, name, err)
	}
	var r reported
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	return r.Counts
}

// spend has the day of a key used, as requests would.
func (b *bench) spend(t *testing.T, key string, used int) {
	t.Helper()
	state := fmt.Sprintf("%d 0 %d %d 0 0 0 0 0 0", used, noon.Unix(), noon.Add(13*time.Hour).Unix())
	if err := b.Set("tollgate:{"+key+"}:2:state", state); err != nil {
		t.Fatal(err)
	}
}

// days are the lines in short: key, tier, what is used, granted and remains.
func days(lines []reportedLine) []string {
	out := []string{}
	for _, l := range lines {
		text := l.Instance + " | " + l.Scope + " | " + l.Key + " " + l.Tier
		if l.Day != nil {
			text += fmt.Sprintf(" %d+%d-%d=%d", l.Day.Quota, l.Day.Granted, l.Day.Used, l.Day.Remaining)
		}
		out = append(out, text)
	}
	return out
}

var show = Action{Name: Show}

func TestEachInstanceThatCountsAConsumerIsALine(t *testing.T) {
	b := newBench(t)
	b.spend(t, "default:consumer:"+annID, 3)
	b.spend(t, "default:service:"+apiID+":consumer:"+annID, 4)
	for _, row := range []struct {
		name   string
		narrow func(*Options)
		want   []string
	}{
		{"ann", func(*Options) {}, []string{
			"global | consumer | default:consumer:" + annID + " gold 100+0-3=97",
			"service api | service api | default:service:" + apiID + ":consumer:" + annID + " silver 20+0-4=16",
			"by-route | route r1 | default:route:11111111-1111-4111-8111-111111111111:consumer:" + annID + " free 10+0-0=10",
			"by-key | consumer | keys:consumer:" + annID + " gold 100+0-0=100",
		}},
		{"crm-1", func(o *Options) { o.Service = "api" }, []string{
			"service api | service api | default:service:" + apiID + ":consumer:" + annID + " silver 20+0-4=16",
			"by-route | route r1 | default:route:11111111-1111-4111-8111-111111111111:consumer:" + annID + " free 10+0-0=10",
			"by-key | consumer | keys:consumer:" + annID + " gold 100+0-0=100",
		}},
		{annID, func(o *Options) { o.Route = "r1" }, []string{
			"by-route | route r1 | default:route:11111111-1111-4111-8111-111111111111:consumer:" + annID + " free 10+0-0=10",
		}},
		{"ann", func(o *Options) { o.Instance = "global"; o.Tier = "free" }, []string{
			"global | consumer | default:consumer:" + annID + " free 10+0-3=7",
		}},
		{"bob", func(*Options) {}, []string{"consumer bob | consumer | default:consumer:22222222-2222-4222-8222-222222222222 unlimited"}},
		{"credential:k1", func(*Options) {}, []string{"by-key | consumer | keys:credential:k1 gold 100+0-0=100"}},
		{"credential:other", func(o *Options) { o.Tier = "free" }, []string{"by-key | consumer | keys:credential:other free 10+0-0=10"}},
		{"ip:2001:DB8::1", func(o *Options) { o.Route = "open" }, []string{"global | consumer | default:ip:2001:db8::1 free 10+0-0=10"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := from("services.yml")
			row.narrow(&o)
			if diff := cmp.Diff(row.want, days(b.lines(t, show, row.name, o))); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}

func TestACountThatInstancesShareIsChangedOnce(t *testing.T) {
	b := newBench(t)
	o := from("shared.yml")
	b.spend(t, "default:consumer:"+annID, 5)
	want := func(what string, got []reportedLine, lines ...string) {
		t.Helper()
		if diff := cmp.Diff(lines, days(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	key := "default:consumer:" + annID
	want("a grant", b.lines(t, Action{Grant, 7}, "ann", o),
		"service a | consumer | "+key+" bare",
		"service b | consumer | "+key+" small 10+7-5=12",
		"service c | consumer | "+key+" large 100+7-5=102")
	want("another", b.lines(t, Action{Grant, 1}, "ann", o)[1:],
		"service b | consumer | "+key+" small 10+8-5=13",
		"service c | consumer | "+key+" large 100+8-5=103")
	got := b.lines(t, Action{Name: Reset}, "ann", o)
	want("a reset", got[1:],
		"service b | consumer | "+key+" small 10+0-0=10",
		"service c | consumer | "+key+" large 100+0-0=100")
	if diff := cmp.Diff(&reportedUse{Used: 5, Granted: 8, Remaining: 103}, got[2].Before); diff != "" {
		t.Errorf("before the reset (-want +got):\n%s", diff)
	}
}

func TestAnOperatorIsTold(t *testing.T) {
	b := newBench(t)
	for _, row := range []struct {
		name   string
		change func(*Options)
		note   string
	}{
		{"ann", func(*Options) {}, `note: the id of "ann" is as Kong derives it without a database; after deck gateway sync say --admin-url or --consumer-id`},
		{"ann", func(*Options) {}, `note: the instance "route keyed" counts by credential, and for the consumer only requests whose credential has no id`},
		{"ann", func(o *Options) { o.ConsumerID = "x" }, `note: the instance "route keyed" counts by credential, and for the consumer only requests whose credential has no id`},
	} {
		o := from("services.yml")
		row.change(&o)
		if _, err := b.run(t, show, row.name, o); err != nil || !strings.Contains(b.stderr.String(), row.note+"\n") {
			t.Errorf("%v, %s; want %s", err, b.stderr.String(), row.note)
		}
		if strings.Contains(b.stderr.String(), "derives") != (o.ConsumerID == "") {
			t.Errorf("an id that was given: %s", b.stderr.String())
		}
	}
}

func TestTheConfigurationComesFromTheStandardInputToo(t *testing.T) {
	b := newBench(t)
	text, err := os.ReadFile("testdata/services.yml")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err = Run(t.Context(), show, "ann", Options{Configs: []string{"-"}, Timeout: time.Second}, Env{
		Lookup: func(name string) (string, bool) { value, ok := b.env[name]; return value, ok },
		Stdin:  bytes.NewReader(text), Stdout: &out, Diagnostics: io.Discard, Now: time.Now,
	})
	if err != nil || !strings.Contains(out.String(), annID) {
		t.Errorf("%v: %s", err, out.String())
	}
}

// Whoever redirects the report to where it cannot be written must not take it for done and told.
func TestAReportThatCannotBeWrittenIsAnError(t *testing.T) {
	b := newBench(t)
	for _, asJSON := range []bool{false, true} {
		o := from("services.yml")
		o.JSON = asJSON
		err := Run(t.Context(), show, "ann", o, Env{
			Lookup: func(name string) (string, bool) { value, ok := b.env[name]; return value, ok },
			Stdout: failing{}, Diagnostics: io.Discard, Now: time.Now,
		})
		if err == nil || !strings.Contains(err.Error(), "printing: broken pipe") {
			t.Errorf("json %v: %v", asJSON, err)
		}
	}
}

// failing is a closed pipe.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }
