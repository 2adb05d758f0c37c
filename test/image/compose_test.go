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
	DependsOn   any `yaml:"depends_on"`
}

func services(t *testing.T, file string) map[string]service {
	t.Helper()
	var document struct{ Services map[string]service }
	if err := yaml.Unmarshal([]byte(read(t, file)), &document); err != nil {
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
