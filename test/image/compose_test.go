package image

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"tollgate/pluginserver/declarative"
	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

// service is what the tests look at of one.
type service struct {
	Image       string
	Ports       []string
	Environment map[string]string
	Volumes     []string
	ReadOnly    bool `yaml:"read_only"`
	User        string
	DependsOn   any    `yaml:"depends_on"`
	NetworkMode string `yaml:"network_mode"`
	Networks    struct{ Default struct{ Aliases []string } }
}

func services(t *testing.T, file string) map[string]service {
	t.Helper()
	var document struct{ Services map[string]service }
	plain := strings.ReplaceAll(read(t, file), " !override\n", "\n") // Compose's own tag
	if err := yaml.Unmarshal([]byte(plain), &document); err != nil {
		t.Fatal(err)
	}
	return document.Services
}

func TestComposeGivesEachReferenceOfTheExampleItsValue(t *testing.T) {
	env := services(t, "docker-compose.yml")["config"].Environment
	used := map[string]bool{}
	rendered, err := declarative.Render([]byte(read(t, "kong/kong.yml")), func(name string) (string, bool) {
		used[name] = true
		value, ok := env[name]
		return value, ok
	})
	if err != nil {
		t.Fatal(err)
	}
	var document map[string]any
	if err := yaml.Unmarshal(rendered, &document); err != nil {
		t.Fatal(err)
	}
	given, wanted := slices.Sorted(maps.Keys(env)), slices.Sorted(maps.Keys(used))
	if diff := cmp.Diff(wanted, given); diff != "" {
		t.Errorf("variables (-used +given):\n%s", diff)
	}
}

// The tour goes to either.
func TestComposeHasTheSandboxsKeysAndItsIssuersURL(t *testing.T) {
	all := services(t, "docker-compose.yml")
	env := all["config"].Environment
	base := "http://issuer:9002/" + issuer.DefaultEnvironment + "/as"
	for name, want := range map[string]string{
		"DECK_REDIS_PASSWORD": sandbox.RedisPassword, "DECK_KEY_FREE": sandbox.KeyFree, "DECK_KEY_STANDARD": sandbox.KeyStandard,
		"DECK_KEY_PREMIUM": sandbox.KeyPremium, "DECK_KEY_TRIAL": sandbox.KeyTrial, "DECK_AUDIENCE": sandbox.Audience,
		"DECK_ISSUER": base, "DECK_JWKS_URI": base + "/jwks",
	} {
		if env[name] != want {
			t.Errorf("%s is %q, want %q", name, env[name], want)
		}
	}
	text := read(t, "docker-compose.yml")
	for _, want := range []string{`"--base-url", "http://issuer:9002"`, `"--requirepass", "` + sandbox.RedisPassword + `"`, `"--appendonly", "yes"`} {
		if !strings.Contains(text, want) {
			t.Errorf("docker-compose.yml lacks %s", want)
		}
	}
}

func TestComposePinsImagesAndListensOnThisMachineOnly(t *testing.T) {
	pinned := regexp.MustCompile(`^(\$\{[A-Z_]+:-)?[a-z/-]+:[a-z0-9.-]+\}?$`)
	for _, file := range []string{"docker-compose.yml", "docker-compose.sidecar.yml"} {
		for name, s := range services(t, file) {
			if s.Image != "" && (!pinned.MatchString(s.Image) || strings.HasSuffix(s.Image, ":latest")) {
				t.Errorf("%s: %s: image %q is not pinned", file, name, s.Image)
			}
			for _, port := range s.Ports {
				if !strings.HasPrefix(port, "127.0.0.1:") {
					t.Errorf("%s: %s: port %s is open to the network", file, name, port)
				}
			}
		}
	}
}

func TestComposeMountsOnlyWhatIsThere(t *testing.T) {
	for name, s := range services(t, "docker-compose.yml") {
		for _, volume := range s.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if !strings.HasPrefix(source, "./") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, source)); err != nil {
				t.Errorf("%s mounts what is not there: %v", name, err)
			}
		}
	}
}

func TestTheSidecarSharesTheSocketUserAndRootOfKong(t *testing.T) {
	kong, plugins := services(t, "docker-compose.yml")["kong"], services(t, "docker-compose.sidecar.yml")["plugins"]
	const socket = "socket:/usr/local/kong/tollgate"
	if !slices.Contains(kong.Volumes, socket) || !slices.Contains(plugins.Volumes, socket) {
		t.Errorf("not both mount %s: %q, %q", socket, kong.Volumes, plugins.Volumes)
	}
	if kong.Image != plugins.Image || kong.User != plugins.User || !kong.ReadOnly || !plugins.ReadOnly {
		t.Errorf("images %q and %q, users %q and %q, read-only %v and %v", kong.Image, plugins.Image, kong.User, plugins.User, kong.ReadOnly, plugins.ReadOnly)
	}
}

// Compose ends what others depend on after them, so the requests that Kong drains find the plugin server.
func TestTheSidecarStartsBeforeKongAndEndsAfterIt(t *testing.T) {
	all := services(t, "docker-compose.sidecar.yml")
	kong, plugins := all["kong"], all["plugins"]
	want := map[string]any{"plugins": map[string]any{"condition": "service_healthy"}}
	if diff := cmp.Diff(any(want), kong.DependsOn); diff != "" {
		t.Errorf("Kong depends on (-want +got):\n%s", diff)
	}
	if plugins.DependsOn != nil || plugins.NetworkMode != "" {
		t.Errorf("the plugin server depends on %v, and its network is %q", plugins.DependsOn, plugins.NetworkMode)
	}
}

// Two containers of one alias would be asked in turn, and one of them has no metrics.
func TestPrometheusFindsThePluginServerInEitherContainer(t *testing.T) {
	const status, port = "0.0.0.0:9145", "127.0.0.1:9145:9145"
	serves := func(s service) bool {
		return slices.Contains(s.Networks.Default.Aliases, "tollgate") && slices.Contains(s.Ports, port) && s.Environment["TOLLGATE_STATUS"] == status
	}
	one, two := services(t, "docker-compose.yml"), services(t, "docker-compose.sidecar.yml")
	if !serves(one["kong"]) || !serves(two["plugins"]) {
		t.Errorf("the plugin server is not where it is looked for: %+v, %+v", one["kong"], two["plugins"])
	}
	if beside := two["kong"]; len(beside.Networks.Default.Aliases) > 0 || slices.Contains(beside.Ports, port) {
		t.Errorf("Kong still stands for the plugin server beside it: %+v", beside)
	}
	if sidecar := read(t, "docker-compose.sidecar.yml"); strings.Count(sidecar, ": !override\n") != 2 {
		t.Error("what Kong has of docker-compose.yml is added to, not replaced")
	}
	if !strings.Contains(read(t, "kong/prometheus/prometheus.yml"), "targets: ['tollgate:9145']") {
		t.Error("Prometheus asks elsewhere")
	}
}
