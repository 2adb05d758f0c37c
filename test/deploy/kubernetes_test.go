package deploy

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// object is what of a Kubernetes object concerns plugins. Its types proper are in test/external.
type object struct {
	Kind     string
	Metadata struct {
		Name, Namespace string
		Annotations     map[string]string
	}
	Plugin  string
	Config  map[string]any
	Patches []struct {
		Path      string
		ValueFrom struct {
			Secret struct{ Namespace, Name, Key string } `yaml:"secretKeyRef"`
		} `yaml:"valueFrom"`
	} `yaml:"configPatches"`
	StringData map[string]string `yaml:"stringData"`
}

// kubernetes are the objects of all manifests.
func kubernetes(t *testing.T) []object {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(examples, "kubernetes", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no manifests: %v", err)
	}
	var objects []object
	for _, file := range files {
		if name := filepath.Base(file); !strings.HasPrefix(name, "values-") {
			for document := range strings.SplitSeq(read(t, "kubernetes/"+name), "\n---\n") {
				objects = append(objects, decode[object](t, document))
			}
		}
	}
	return objects
}

// entriesOf are the plugins among the objects, with what their patches add.
func entriesOf(objects []object) []Entry {
	secrets := map[string]map[string]string{}
	for _, o := range objects {
		if o.Kind == "Secret" {
			secrets[o.Metadata.Namespace+"/"+o.Metadata.Name] = o.StringData
		}
	}
	var entries []Entry
	for _, o := range objects {
		if o.Plugin == "" {
			continue
		}
		for _, patch := range o.Patches {
			from := patch.ValueFrom.Secret
			var value any // stays nil, and is refused, where the Secret lacks it or holds no JSON
			_ = yaml.Unmarshal([]byte(secrets[from.Namespace+"/"+from.Name][from.Key]), &value)
			add(o.Config, strings.Split(strings.TrimPrefix(patch.Path, "/"), "/"), value)
		}
		entries = append(entries, Entry{o.Kind + " " + o.Metadata.Name, o.Plugin, o.Config})
	}
	return entries
}

// add puts a value at a path, as the controller does with a patch: what is missing on the way is made.
func add(config map[string]any, path []string, value any) {
	for _, name := range path[:len(path)-1] {
		next, ok := config[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			config[name] = next
		}
		config = next
	}
	config[path[len(path)-1]] = value
}

func TestEveryPluginOfTheManifestsIsAccepted(t *testing.T) {
	seen := map[string]bool{}
	for _, entry := range entriesOf(kubernetes(t)) {
		if err := Check(entry.Name, entry.Config); err != nil {
			t.Errorf("%s: %v", entry.Where, err)
		}
		seen[entry.Name] = true
	}
	for _, name := range []string{"header-guard", "jwks-verify", "tiered-limit"} {
		if !seen[name] {
			t.Errorf("no manifest has %s", name)
		}
	}
}
