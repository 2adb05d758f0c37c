package kubernetes

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"tollgate/pluginserver/registry"
)

// values are those of the chart kong/kong that the examples set. Where Kubernetes gets them as they are, they
// have its types; what the chart makes of the rest was tried by hand (kong/README.md).
type values struct {
	Image struct {
		Repository      string `json:"repository"`
		Tag             string `json:"tag"`
		EffectiveSemver string `json:"effectiveSemver"`
	} `json:"image"`
	Env        map[string]any `json:"env"`
	CustomEnv  map[string]any `json:"customEnv"`
	Deployment struct {
		Volumes        []core.Volume      `json:"userDefinedVolumes"`
		Mounts         []core.VolumeMount `json:"userDefinedVolumeMounts"`
		InitContainers []core.Container   `json:"initContainers"`
	} `json:"deployment"`
	ReplicaCount int `json:"replicaCount"`
	Disruption   struct {
		Enabled        bool `json:"enabled"`
		MaxUnavailable int  `json:"maxUnavailable"`
	} `json:"podDisruptionBudget"`
	Spread       []core.TopologySpreadConstraint `json:"topologySpreadConstraints"`
	Resources    core.ResourceRequirements       `json:"resources"`
	StartupProbe *core.Probe                     `json:"startupProbe"`
	Lifecycle    *core.Lifecycle                 `json:"lifecycle"`
	Grace        int                             `json:"terminationGracePeriodSeconds"`
	Proxy        struct {
		Enabled               *bool                             `json:"enabled"`
		Type                  core.ServiceType                  `json:"type"`
		ExternalTrafficPolicy core.ServiceExternalTrafficPolicy `json:"externalTrafficPolicy"`
	} `json:"proxy"`
	Admin struct {
		Enabled bool             `json:"enabled"`
		Type    core.ServiceType `json:"type"`
	} `json:"admin"`
	Cluster struct {
		Enabled bool `json:"enabled"`
		TLS     struct {
			Enabled bool `json:"enabled"`
		} `json:"tls"`
	} `json:"cluster"`
	IngressController struct {
		Enabled bool `json:"enabled"`
	} `json:"ingressController"`
	SecretVolumes []string `json:"secretVolumes"`
}

func readValues(t *testing.T, name string) values {
	t.Helper()
	var v values
	if err := yaml.UnmarshalStrict([]byte(content(t, filepath.Join(folder, name))), &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

func TestTheValuesHaveKubernetesTypes(t *testing.T) {
	for _, file := range files(t, "values-*.yaml") {
		readValues(t, filepath.Base(file))
	}
}

// The chart sets KONG_PLUGINS itself, so an image's own does not count.
func TestTheChartEnablesEveryPlugin(t *testing.T) {
	want := "bundled," + strings.Join(registry.Names(), ",")
	for _, name := range []string{"values-image.yaml", "values-sidecar.yaml", "values-control-plane.yaml"} {
		if got := readValues(t, name).Env["plugins"]; got != want {
			t.Errorf("%s: plugins %v, want %s", name, got, want)
		}
	}
}

func TestTheSidecarServesWhereKongAsks(t *testing.T) {
	v := readValues(t, "values-sidecar.yaml")
	binary, server := v.Deployment.InitContainers[0], v.Deployment.InitContainers[1]
	environment := map[string]string{}
	for _, variable := range server.Env {
		environment[variable.Name] = variable.Value
	}
	want := map[string]any{"pluginserver_names": strings.Join(registry.Names(), ",")}
	for _, name := range registry.Names() {
		key := "pluginserver_" + strings.ReplaceAll(name, "-", "_")
		want[key+"_socket"] = environment["TOLLGATE_SOCKET"]
		want[key+"_query_cmd"] = binary.Command[len(binary.Command)-1] + " dump " + name
	}
	got := maps.Clone(v.Env)
	maps.DeleteFunc(got, func(name string, _ any) bool { return !strings.HasPrefix(name, "pluginserver_") })
	if !maps.Equal(got, want) {
		t.Errorf("Kong is told %v, want %v", got, want)
	}
	if server.RestartPolicy == nil || *server.RestartPolicy != core.ContainerRestartPolicyAlways {
		t.Error("the plugin server is no sidecar, and Kong waits for its end")
	}
	for _, container := range v.Deployment.InitContainers {
		security := container.SecurityContext
		if !*security.ReadOnlyRootFilesystem || *security.AllowPrivilegeEscalation || *security.RunAsUser != 1000 || *security.RunAsGroup != 1000 {
			t.Errorf("%s may do more than Kong", container.Name)
		}
		if !slices.Equal(container.VolumeMounts, v.Deployment.Mounts) {
			t.Errorf("%s has other folders than Kong: %v", container.Name, container.VolumeMounts)
		}
	}
}

// What is outside of the pod asks the plugin server here, and Kong has the time that it takes to end.
func TestPodsAreProbedAndEndInTime(t *testing.T) {
	image, sidecar := readValues(t, "values-image.yaml"), readValues(t, "values-sidecar.yaml")
	if image.CustomEnv["tollgate_status"] != "0.0.0.0:9145" || image.StartupProbe.HTTPGet.Port.IntValue() != 9145 {
		t.Error("the image is probed where it does not listen")
	}
	server := sidecar.Deployment.InitContainers[1]
	for _, probe := range []*core.Probe{server.StartupProbe, server.ReadinessProbe, server.LivenessProbe} {
		if probe.HTTPGet.Port.String() != server.Ports[0].Name || server.Ports[0].ContainerPort != 9145 {
			t.Errorf("the sidecar is probed at %s", probe.HTTPGet.Port.String())
		}
	}
	// A server that hangs does not act on SIGTERM, and the pod's own time to end is a minute.
	if grace := server.LivenessProbe.TerminationGracePeriodSeconds; grace == nil || *grace != 5 {
		t.Error("a sidecar that hangs is not killed after 5 s")
	}
	for name, v := range map[string]values{"image": image, "sidecar": sidecar} {
		if len(v.Spread) != 1 {
			t.Errorf("%s: all replicas may lie on one node", name)
		}
		if got := strings.Join(v.Lifecycle.PreStop.Exec.Command, " "); got != "kong quit --wait=10 --timeout=40" || v.Grace != 60 {
			t.Errorf("%s: %q has %d s", name, got, v.Grace)
		}
	}
}

// The PodMonitor selects the control plane's pods too.
func TestPrometheusIsAnsweredByEachPodThatItScrapes(t *testing.T) {
	for _, name := range []string{"values-image.yaml", "values-control-plane.yaml"} {
		if got := readValues(t, name).CustomEnv["tollgate_status"]; got != "0.0.0.0:9145" {
			t.Errorf("%s: the plugin server's metrics are at %v", name, got)
		}
	}
	monitors := of[*monitoring.PodMonitor](objects(t))
	rules := of[*monitoring.PrometheusRule](objects(t))
	const name = "kong/tollgate"
	if monitors[name] == nil || rules[name] == nil || monitors[name].Labels["release"] != rules[name].Labels["release"] {
		t.Errorf("one Prometheus does not take both: %v, %v", monitors, rules)
	}
}

// Kong trusts the system's authorities unless it is told others, and Ping's and Redis' certificates are of these.
func TestDataPlanesReachTheControlPlaneAndTrustTheSystem(t *testing.T) {
	control, data := readValues(t, "values-control-plane.yaml"), readValues(t, "values-data-plane.yaml")
	if got := data.Env["cluster_control_plane"]; got != "control-kong-cluster.kong.svc.cluster.local:8005" || !control.Cluster.Enabled {
		t.Errorf("the control plane is looked for at %v", got)
	}
	if got, ok := data.Env["lua_ssl_trusted_certificate"]; ok {
		t.Errorf("only %v is trusted", got)
	}
}
