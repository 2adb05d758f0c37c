package observability

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"tollgate/test/child"
	"tollgate/test/eventually"
	"tollgate/test/freeport"
	"tollgate/test/tool"
)

// startPrometheus scrapes the stage by the repository's own configuration, each second. It returns the address.
func startPrometheus(t *testing.T, s *stage) string {
	t.Helper()
	program := tool.Need(t, "prometheus")
	port, err := freeport.Take()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	config := filepath.Join(folder, "prometheus.yml")
	if err := os.WriteFile(config, scrapeEachSecond(t, strings.TrimPrefix(s.StatusURL, "http://")), 0o600); err != nil {
		t.Fatal(err)
	}
	output, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := child.Start(child.Command{Output: output, Argv: []string{
		program, "--config.file=" + config, "--storage.tsdb.path=" + filepath.Join(folder, "data"),
		"--web.listen-address=" + freeport.Address(port), "--log.level=warn",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(patience); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("Prometheus said:\n%s", read(t, output.Name()))
		}
	})
	return "http://" + freeport.Address(port)
}

// scrapeEachSecond is the repository's configuration with the stage in the place of the gateway.
func scrapeEachSecond(t *testing.T, target string) []byte {
	t.Helper()
	var config map[string]any
	if err := yaml.Unmarshal(read(t, inRepository("kong", "prometheus", "prometheus.yml")), &config); err != nil {
		t.Fatal(err)
	}
	config["global"] = map[string]any{"scrape_interval": "1s", "evaluation_interval": "1s"}
	rules, err := filepath.Abs(inRepository("kong", "prometheus", "rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	config["rule_files"] = []string{rules}
	var ours []any
	for _, job := range config["scrape_configs"].([]any) {
		if one := job.(map[string]any); one["job_name"] == "tollgate" {
			one["static_configs"] = []any{map[string]any{"targets": []string{target}}}
			ours = append(ours, one)
		}
	}
	if len(ours) != 1 {
		t.Fatalf("%d jobs are called tollgate", len(ours))
	}
	config["scrape_configs"] = ours // the stand-in for Kong has no metrics
	out, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// series is one of a query's answer.
type series struct {
	Metric map[string]string
	Value  [2]any
}

// ask queries Prometheus.
func (s *stage) ask(t *testing.T, at, expr string) []series {
	t.Helper()
	var answer struct {
		Data struct{ Result []series }
	}
	if err := json.Unmarshal(s.fetch(t, at+"/api/v1/query?query="+url.QueryEscape(expr)), &answer); err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	return answer.Data.Result
}

// TestPrometheusShowsEachPanelTheTraffic has a real Prometheus scrape real traffic, and asks it what Grafana would.
func TestPrometheusShowsEachPanelTheTraffic(t *testing.T) {
	s := stageOf(t)
	at := startPrometheus(t, s)
	s.awaitScrapes(t, at, 1)
	s.traffic(t)
	s.awaitScrapes(t, at, 3) // one that was under way, and one that has seen all of it
	// Grafana's variables as it fills them in when all is chosen; a window that holds the scrapes of a slow machine.
	values := strings.NewReplacer("$__rate_interval", "2m", "$job", ".*", "$instance", ".*")
	legend := regexp.MustCompile(`\{\{(\w+)\}\}`)
	for _, p := range readDashboard(t).shown() {
		for _, q := range p.Targets {
			found := s.ask(t, at, values.Replace(q.Expr))
			if !anyNumber(found) {
				t.Errorf("%s %s shows nothing: %s", p.Title, q.RefID, q.Expr)
			}
			for _, label := range legend.FindAllStringSubmatch(q.LegendFormat, -1) {
				if !anyHas(found, label[1]) {
					t.Errorf("%s %s: no series has the label %s of its legend", p.Title, q.RefID, label[1])
				}
			}
		}
	}
	s.wantHealthyRules(t, at)
}

// awaitScrapes waits until Prometheus has scraped the stage so many times more.
func (s *stage) awaitScrapes(t *testing.T, at string, more int) {
	t.Helper()
	const query = `count_over_time(up{job="tollgate"}[10m])`
	scrapes := func() float64 {
		request := at + "/api/v1/query?query=" + url.QueryEscape(query)
		response, err := s.client.Get(request)
		if err != nil {
			return 0 // it is starting
		}
		defer response.Body.Close()
		var answer struct {
			Data struct{ Result []series }
		}
		if json.NewDecoder(response.Body).Decode(&answer) != nil || len(answer.Data.Result) == 0 {
			return 0
		}
		return number(answer.Data.Result[0])
	}
	before := scrapes()
	eventually.Holds(t, patience, "Prometheus to scrape the gateway", func() bool { return scrapes() >= before+float64(more) })
}

// wantHealthyRules fails for an alert that Prometheus cannot evaluate on what the server exposes.
func (s *stage) wantHealthyRules(t *testing.T, at string) {
	t.Helper()
	type state struct{ Name, Health, LastError string }
	var answer struct {
		Data struct{ Groups []struct{ Rules []state } }
	}
	ask := func() (all []state) {
		if err := json.Unmarshal(s.fetch(t, at+"/api/v1/rules"), &answer); err != nil {
			t.Fatal(err)
		}
		for _, group := range answer.Data.Groups {
			all = append(all, group.Rules...)
		}
		return all
	}
	eventually.Holds(t, patience, "the rules to be evaluated", func() bool {
		for _, one := range ask() {
			if one.Health == "unknown" {
				return false
			}
		}
		return true
	})
	all := ask()
	if len(all) != len(readRules(t)) {
		t.Errorf("Prometheus has %d rules", len(all))
	}
	for _, one := range all {
		if one.Health != "ok" {
			t.Errorf("%s is %s: %s", one.Name, one.Health, one.LastError)
		}
	}
}
