package observability

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// prometheusRule is what stands before the rules in the object that Prometheus' operator takes them from.
const prometheusRule = `# The alerts of ../prometheus/rules.yml for the Prometheus operator: generated from them, by
# go test ./test/observability -update
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: tollgate
  namespace: kong
  labels:
    release: kube-prometheus-stack # the name of that chart's release, which by default overlooks what lacks it
spec:
  groups:
`

func TestKubernetesHasTheSameAlerts(t *testing.T) {
	_, groups, found := strings.Cut(string(read(t, inRepository("kong", "prometheus", "rules.yml"))), "\ngroups:\n")
	if !found {
		t.Fatal("rules.yml has no groups")
	}
	want := prometheusRule + regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(groups, "  $1")
	path := inRepository("kong", "kubernetes", "prometheusrule.yaml")
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(read(t, path))); diff != "" {
		t.Errorf("prometheusrule.yaml is stale, run the test with -update (-want +got):\n%s", diff)
	}
}

// The operator calls a PodMonitor's job by its namespace and name, and an alert that asks for another never fires.
func TestKubernetesCallsTheJobAsTheAlertsDo(t *testing.T) {
	var monitor struct {
		Spec struct {
			Endpoints []struct {
				Relabelings []struct {
					TargetLabel string `yaml:"targetLabel"`
					Replacement string
				}
			} `yaml:"podMetricsEndpoints"`
		}
	}
	if err := yaml.Unmarshal(read(t, inRepository("kong", "kubernetes", "monitoring.yaml")), &monitor); err != nil {
		t.Fatal(err)
	}
	job := ""
	for _, relabeling := range monitor.Spec.Endpoints[0].Relabelings {
		if relabeling.TargetLabel == "job" {
			job = relabeling.Replacement
		}
	}
	asked := regexp.MustCompile(`\bjob="([^"]*)"`).FindAllStringSubmatch(string(read(t, inRepository("kong", "prometheus", "rules.yml"))), -1)
	if len(asked) == 0 {
		t.Error("no alert asks for a job")
	}
	for _, found := range asked {
		if found[1] != job {
			t.Errorf("an alert asks for the job %q, which Kubernetes calls %q", found[1], job)
		}
	}
}
