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

func lastStage(dockerfile string) string {
	return dockerfile[strings.LastIndex(dockerfile, "\nFROM "):]
}

// environment is what the ENV instructions of the last stage set.
func environment(dockerfile string) map[string]string {
	stage := lastStage(dockerfile)
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
		"TOLLGATE_ENTRYPOINT":     "${KONG_ENTRYPOINT}",
		"TOLLGATE_GATEWAY":        "http://127.0.0.1:8007/status", // Kong's default of status_listen
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

func TestTheLastStageRunsNothingSoThatItsBaseNeedsNoShell(t *testing.T) {
	for line := range strings.Lines(lastStage(read(t, "Dockerfile"))) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if word == "RUN" || (word == "CMD" || word == "ENTRYPOINT") && !strings.HasPrefix(rest, "[") {
			t.Errorf("needs a shell: %s", line)
		}
	}
}

func TestEachArgumentOfTheBuildIsExplained(t *testing.T) {
	head, instructions, _ := strings.Cut(read(t, "Dockerfile"), "\nARG ")
	for _, argument := range regexp.MustCompile(`(?m)^(?:ARG )?([A-Z_]+)(?:=|$)`).FindAllStringSubmatch(instructions, -1) {
		if !strings.Contains(head, argument[1]) {
			t.Errorf("the Dockerfile's head does not tell of %s", argument[1])
		}
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

func TestEveryFolderOfTheBinariesReachesTheBuild(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}",
		"./pluginserver", "./test/echo/cmd", "./test/issuer/cmd")
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
		parts := strings.Split(inModule, "/")
		folder := parts[0]
		if folder == "test" { // of which little is needed
			folder += "/" + parts[1]
		}
		if !strings.Contains(ignore, "\n!"+folder+"\n") {
			t.Errorf(".dockerignore keeps %s out, which a binary needs", path)
		}
		if copies := "\nCOPY " + folder + " " + folder + "\n"; !strings.Contains(read(t, "Dockerfile"), copies) {
			t.Errorf("the Dockerfile does not copy %s, which a binary needs", path)
		}
	}
}
