package arch

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	plugins      = "tollgate/plugins"
	pluginserver = "tollgate/pluginserver"
	registry     = "tollgate/pluginserver/registry"
	quota        = "tollgate/pluginserver/quota"
	tieredLimit  = "tollgate/plugins/tiered-limit"
	tokens       = "tollgate/pluginserver/token"
	jwksVerify   = "tollgate/plugins/jwks-verify"
	guards       = "tollgate/pluginserver/guard"
	headerGuard  = "tollgate/plugins/header-guard"
	internal     = "tollgate/internal"
	access       = "tollgate/internal/kong"
	kongtest     = "tollgate/internal/kongtest"
	tests        = "tollgate/test"
	kongsim      = "tollgate/test/kongsim"
	pdk          = "github.com/Kong/go-pdk"
)

// edge is one import in one file.
type edge struct{ from, file, to string }

func (e edge) String() string { return fmt.Sprintf("%s/%s imports %s", e.from, e.file, e.to) }

func (e edge) inTest() bool { return strings.HasSuffix(e.file, "_test.go") }

// inShell tells whether the file is one of those in which a plugin meets Kong.
func (e edge) inShell() bool {
	return slices.Contains([]string{"access.go", "answer.go", "headers.go", "identity.go", "place.go", "plugin.go", "subject.go"}, e.file)
}

func (e edge) inProduct() bool {
	return !e.inTest() && e.from != kongtest && below(e.from, plugins, pluginserver, internal)
}

// below tells whether a package is one of the roots or lies under one.
func below(pkg string, roots ...string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		return pkg == root || strings.HasPrefix(pkg, root+"/")
	})
}

// pluginOf is the name of the plugin whose folder a package lies in, or "".
func pluginOf(pkg string) string {
	rest, ok := strings.CutPrefix(pkg, plugins+"/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// rules are what an import must never be.
var rules = []struct {
	name   string
	broken func(edge) bool
}{
	{"a plugin imports another plugin", func(e edge) bool {
		return pluginOf(e.from) != "" && pluginOf(e.to) != "" && pluginOf(e.from) != pluginOf(e.to)
	}},
	{"a plugin's core imports the PDK", func(e edge) bool {
		return pluginOf(e.from) != "" && !e.inShell() && !e.inTest() && below(e.to, access, pdk)
	}},
	{"pluginserver imports a plugin outside of its registry", func(e edge) bool {
		// An operator's tools, for one plugin's counts, and for what others make of a token and of a request.
		operates := e.from == quota && e.to == tieredLimit || e.from == tokens && e.to == jwksVerify || e.from == guards && e.to == headerGuard
		return below(e.from, pluginserver) && e.from != registry && !operates && !e.inTest() && pluginOf(e.to) != ""
	}},
	{"product code imports test code", func(e edge) bool {
		return e.inProduct() && below(e.to, tests, kongtest)
	}},
	{"kongsim imports the product", func(e edge) bool {
		return below(e.from, kongsim) && !e.inTest() && below(e.to, internal, plugins, pluginserver)
	}},
	{"internal imports a plugin or pluginserver", func(e edge) bool {
		return below(e.from, internal) && (pluginOf(e.to) != "" || below(e.to, pluginserver))
	}},
}

func TestImports(t *testing.T) {
	edges := imports(t)
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			for _, e := range edges {
				if rule.broken(e) {
					t.Error(e)
				}
			}
		})
	}
}

// TestRulesFindWhatTheyForbid keeps a rule from passing because it looks at nothing.
func TestRulesFindWhatTheyForbid(t *testing.T) {
	rows := []struct {
		edge edge
		rule string
	}{
		{edge{plugins + "/a", "x.go", plugins + "/b"}, "a plugin imports another plugin"},
		{edge{plugins + "/a", "x_test.go", plugins + "/b"}, "a plugin imports another plugin"},
		{edge{plugins + "/a", "x_test.go", plugins + "/a"}, ""},
		{edge{plugins + "/a", "x.go", access}, "a plugin's core imports the PDK"},
		{edge{plugins + "/a", "x.go", pdk + "/server"}, "a plugin's core imports the PDK"},
		{edge{plugins + "/a", "access.go", access}, ""},
		{edge{plugins + "/a", "plugin.go", access}, ""},
		{edge{plugins + "/a", "x_test.go", kongtest}, ""},
		{edge{plugins + "/a", "access.go", kongtest}, "product code imports test code"},
		{edge{pluginserver, "main.go", plugins + "/a"}, "pluginserver imports a plugin outside of its registry"},
		{edge{pluginserver, "main.go", registry}, ""},
		{edge{registry, "x.go", plugins + "/a"}, ""},
		{edge{quota, "x.go", tieredLimit}, ""},
		{edge{tokens, "x.go", jwksVerify}, ""},
		{edge{guards, "x.go", headerGuard}, ""},
		{edge{guards, "x.go", jwksVerify}, "pluginserver imports a plugin outside of its registry"},
		{edge{tokens, "x.go", tieredLimit}, "pluginserver imports a plugin outside of its registry"},
		{edge{quota, "x.go", plugins + "/a"}, "pluginserver imports a plugin outside of its registry"},
		{edge{pluginserver + "/command", "x.go", tieredLimit}, "pluginserver imports a plugin outside of its registry"},
		{edge{pluginserver + "/wire", "x.go", kongsim}, "product code imports test code"},
		{edge{internal + "/schema", "x.go", tests + "/issuer"}, "product code imports test code"},
		{edge{kongsim, "x.go", internal + "/schema"}, "kongsim imports the product"},
		{edge{kongsim + "/admin", "x.go", pluginserver + "/wire"}, "kongsim imports the product"},
		{edge{tests + "/sandbox", "x.go", kongsim}, ""},
		{edge{internal + "/schema", "x.go", plugins + "/a"}, "internal imports a plugin or pluginserver"},
		{edge{internal + "/schema", "x_test.go", pluginserver + "/wire"}, "internal imports a plugin or pluginserver"},
		{edge{internal + "/kongtest", "x.go", access}, ""},
	}
	for _, row := range rows {
		var broken []string
		for _, rule := range rules {
			if rule.broken(row.edge) {
				broken = append(broken, rule.name)
			}
		}
		if got := strings.Join(broken, "; "); got != row.rule {
			t.Errorf("%v breaks %q, want %q", row.edge, got, row.rule)
		}
	}
}

// imports reads every file's imports, of the packages that `go list` finds in the module.
func imports(t *testing.T) []edge {
	t.Helper()
	var edges []edge
	seen := map[string]bool{}
	for _, pkg := range list(t) {
		seen[pkg.ImportPath] = true
		for _, file := range pkg.files() {
			for _, to := range importsOf(t, filepath.Join(pkg.Dir, file)) {
				edges = append(edges, edge{from: pkg.ImportPath, file: file, to: to})
			}
		}
	}
	for _, must := range []string{plugins + "/header-guard", access, internal + "/schema"} {
		if !seen[must] {
			t.Errorf("go list did not find %s", must)
		}
	}
	return edges
}

// listed is what `go list` tells of a package.
type listed struct {
	ImportPath, Dir                                    string
	GoFiles, IgnoredGoFiles, TestGoFiles, XTestGoFiles []string
}

func (l listed) files() []string {
	return slices.Concat(l.GoFiles, l.IgnoredGoFiles, l.TestGoFiles, l.XTestGoFiles)
}

func list(t *testing.T) []listed {
	t.Helper()
	// -e: a package that does not compile is for the compiler to complain of.
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Dir,GoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles", "tollgate/...")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%v: %v\n%s", cmd, err, exit.Stderr)
		}
		t.Fatalf("%v: %v", cmd, err)
	}
	var packages []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var pkg listed
		if err := dec.Decode(&pkg); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("%v: %v", cmd, err)
		}
		packages = append(packages, pkg)
	}
}

func importsOf(t *testing.T, path string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return nil
	}
	var paths []string
	for _, spec := range file.Imports {
		if name, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, name)
		}
	}
	return paths
}
