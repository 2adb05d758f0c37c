package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/pluginserver/registry"
)

const root = "../.."

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// environment is what the ENV instructions of the last stage set.
func environment(dockerfile string) map[string]string {
	stage := dockerfile[strings.LastIndex(dockerfile, "\nFROM "):]
	env := map[string]string{}
	assignment := regexp.MustCompile(`^(?:ENV +|    )([A-Z_]+)=("[^"]*"|\S+)(?: \\)?$`)
	for line := range strings.Lines(stage) {
		if m := assignment.FindStringSubmatch(strings.TrimRight(line, "\n")); m != nil {
			env[m[1]] = strings.Trim(m[2], `"`)
		}
	}
	return env
}

func TestThePlainImageHasEveryPluginEnabled(t *testing.T) {
	const socket = "/usr/local/kong/tollgate/server.socket"
	names := registry.Names()
	want := map[string]string{
		"KONG_PLUGINS":            "bundled," + strings.Join(names, ","),
		"KONG_PLUGINSERVER_NAMES": strings.Join(names, ","),
		"TOLLGATE_SOCKET":         socket,
	}
	for _, name := range names {
		key := "KONG_PLUGINSERVER_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		want[key+"_QUERY_CMD"] = "/usr/local/bin/pluginserver dump " + name
		want[key+"_SOCKET"] = socket
	}
	dockerfile := read(t, "Dockerfile")
	if diff := cmp.Diff(want, environment(dockerfile)); diff != "" {
		t.Errorf("ENV of the Dockerfile (-want +got):\n%s", diff)
	}
	if loop := "for plugin in " + strings.Join(names, " ") + ";"; !strings.Contains(dockerfile, loop) {
		t.Errorf("the Dockerfile does not dump every plugin: no %q", loop)
	}
}

func TestTheImageIsBuiltWithTheGoOfTheModule(t *testing.T) {
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))
	if version == nil {
		t.Fatal("go.mod names no version of Go")
	}
	if arg := "ARG GO_IMAGE=golang:" + version[1] + "\n"; !strings.Contains(read(t, "Dockerfile"), arg) {
		t.Errorf("the Dockerfile lacks %q", arg)
	}
}

func TestEveryFolderOfTheBinaryReachesTheBuild(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./pluginserver")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	ignore := read(t, ".dockerignore")
	for path := range strings.FieldsSeq(string(out)) {
		inModule, ok := strings.CutPrefix(path, "tollgate/")
		if !ok {
			continue
		}
		folder, _, _ := strings.Cut(inModule, "/")
		if !strings.Contains(ignore, "\n!"+folder+"\n") {
			t.Errorf(".dockerignore keeps %s out, which the binary needs", path)
		}
	}
}
