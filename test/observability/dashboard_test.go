package observability

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// dashboard is of Grafana's classic JSON model what is looked at here.
type dashboard struct {
	UID           string  `json:"uid"`
	Title         string  `json:"title"`
	SchemaVersion int     `json:"schemaVersion"`
	Panels        []panel `json:"panels"`
	Templating    struct {
		List []variable `json:"list"`
	} `json:"templating"`
	Annotations struct {
		List []annotation `json:"list"`
	} `json:"annotations"`
}

type panel struct {
	ID          int         `json:"id"`
	Type        string      `json:"type"`
	Title       string      `json:"title"`
	Description string      `json:"description"`
	Datasource  *datasource `json:"datasource"`
	GridPos     struct{ H, W, X, Y int }
	Targets     []query `json:"targets"`
	FieldConfig struct {
		Defaults struct {
			Unit string `json:"unit"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
}

type query struct {
	RefID        string      `json:"refId"`
	Expr         string      `json:"expr"`
	LegendFormat string      `json:"legendFormat"`
	Datasource   *datasource `json:"datasource"`
}

type datasource struct{ Type, UID string }

type variable struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Query any    `json:"query"`
}

type annotation struct {
	Name       string      `json:"name"`
	Expr       string      `json:"expr"`
	Datasource *datasource `json:"datasource"`
}

const dashboardFile = "kong/grafana/dashboards/tollgate.json"

func readDashboard(t *testing.T) *dashboard {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal(read(t, inRepository(dashboardFile)), &d); err != nil {
		t.Fatal(err)
	}
	return &d
}

// shown are the panels that show something.
func (d *dashboard) shown() []panel {
	return slices.DeleteFunc(slices.Clone(d.Panels), func(p panel) bool { return p.Type == "row" })
}

// labelValues is Grafana's function for what a label's values are.
var labelValues = regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)

func TestTheDashboardNamesOnlyWhatTheServerExposes(t *testing.T) {
	d, exposed := readDashboard(t), stageOf(t).scrape(t)
	used := map[string]bool{}
	for _, p := range d.shown() {
		for _, q := range p.Targets {
			wantExposed(t, p.Title, q.Expr, exposed)
			for name := range namesIn(q.Expr).metrics {
				used[familyOf(name, exposed)] = true
			}
		}
	}
	for name := range exposed {
		if strings.HasPrefix(name, "tollgate_") && !used[name] {
			t.Errorf("no panel shows %s", name)
		}
	}
	for _, a := range d.Annotations.List {
		if a.Expr != "" {
			wantExposed(t, a.Name, a.Expr, exposed)
		}
	}
	for _, v := range d.Templating.List {
		if v.Type == "query" {
			text, _ := v.Query.(map[string]any)["query"].(string)
			asked := labelValues.FindStringSubmatch(text)
			if asked == nil {
				t.Fatalf("the variable %s asks for %q", v.Name, text)
			}
			wantExposed(t, v.Name, "sum by ("+asked[2]+") ("+asked[1]+")", exposed)
		}
	}
}

func TestEachPanelSaysWhatItShowsAndInWhatUnit(t *testing.T) {
	for _, p := range readDashboard(t).shown() {
		if p.Title == "" || !strings.HasSuffix(p.Description, ".") || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 {
			t.Errorf("the panel %d (%s) has the unit %q, %d queries and the description %q",
				p.ID, p.Title, p.FieldConfig.Defaults.Unit, len(p.Targets), p.Description)
		}
		if want := (datasource{"prometheus", "${datasource}"}); p.Datasource == nil || *p.Datasource != want {
			t.Errorf("%s asks %v, want the data source that is chosen", p.Title, p.Datasource)
		}
		var ids []string
		for _, q := range p.Targets {
			ids = append(ids, q.RefID)
			if q.Datasource == nil || *q.Datasource != *p.Datasource {
				t.Errorf("%s %s asks %v", p.Title, q.RefID, q.Datasource)
			}
			// Kept apart by the variables, so that one of several environments can be looked at.
			if n := strings.Count(q.Expr, "{"); n == 0 || n != strings.Count(q.Expr, `{job=~"$job", instance=~"$instance"`) {
				t.Errorf("%s %s does not choose by job and instance: %s", p.Title, q.RefID, q.Expr)
			}
		}
		if slices.Sort(ids); len(slices.Compact(ids)) != len(p.Targets) {
			t.Errorf("%s has two queries of one name", p.Title)
		}
	}
}

func TestNoTwoPanelsLieOnEachOther(t *testing.T) {
	const width = 24 // of Grafana's grid
	taken, ids := map[[2]int]string{}, map[int]bool{}
	for _, p := range readDashboard(t).Panels {
		if ids[p.ID] || p.ID == 0 {
			t.Errorf("%s has the id %d of another", p.Title, p.ID)
		}
		ids[p.ID] = true
		at := p.GridPos
		if at.X < 0 || at.X+at.W > width || at.W == 0 || at.H == 0 {
			t.Errorf("%s lies at %+v", p.Title, at)
		}
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Fatalf("%s lies on %s", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}

func TestTheDashboardIsOneThatGrafanaFindsAgain(t *testing.T) {
	d := readDashboard(t)
	if d.UID != "tollgate" || d.Title != "Tollgate" || d.SchemaVersion != 41 { // the version of Grafana 12.0 and 12.1
		t.Errorf("uid %q, title %q, schema %d", d.UID, d.Title, d.SchemaVersion)
	}
	defined := map[string]bool{"__rate_interval": true, "__all": true} // Grafana's own
	for _, v := range d.Templating.List {
		defined[v.Name] = true
	}
	text := string(read(t, inRepository(dashboardFile)))
	for _, found := range regexp.MustCompile(`\$\{?(\w+)`).FindAllStringSubmatch(text, -1) {
		if !defined[found[1]] {
			t.Errorf("$%s is no variable of the dashboard", found[1])
		}
	}
	if first := d.Templating.List[0]; first.Type != "datasource" || first.Query != "prometheus" {
		t.Errorf("the first variable is %+v, and the others ask the data source", first)
	}
}

// What provisions the dashboard, with what docker-compose.yml mounts.
func TestProvisioning(t *testing.T) {
	var sources struct {
		APIVersion  int `yaml:"apiVersion"`
		Datasources []struct {
			Name, UID, Type, URL string
			JSONData             struct {
				TimeInterval string `yaml:"timeInterval"`
			} `yaml:"jsonData"`
		}
	}
	var providers struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name, Type string
			Options    struct{ Path string }
		}
	}
	var scrape struct {
		Global struct {
			Interval string `yaml:"scrape_interval"`
		}
	}
	for path, into := range map[string]any{
		"kong/grafana/provisioning/datasources/prometheus.yml": &sources,
		"kong/grafana/provisioning/dashboards/tollgate.yml":    &providers,
		"kong/prometheus/prometheus.yml":                       &scrape,
	} {
		if err := yaml.Unmarshal(read(t, inRepository(path)), into); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	if len(sources.Datasources) != 1 || sources.APIVersion != 1 || sources.Datasources[0].Type != "prometheus" || sources.Datasources[0].URL != "http://prometheus:9090" {
		t.Errorf("%+v", sources)
	}
	if got := sources.Datasources[0].JSONData.TimeInterval; got == "" || got != scrape.Global.Interval {
		t.Errorf("Grafana takes Prometheus to scrape every %q, and it does every %q", got, scrape.Global.Interval)
	}
	if len(providers.Providers) != 1 || providers.APIVersion != 1 || providers.Providers[0].Type != "file" || providers.Providers[0].Options.Path != "/var/lib/grafana/dashboards" {
		t.Errorf("%+v", providers)
	}
}
