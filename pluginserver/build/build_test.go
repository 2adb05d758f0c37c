package build

import (
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestWhatTheLinkerWasNotToldComesFromTheToolchain(t *testing.T) {
	recorded := func(modified string) *debug.BuildInfo {
		return &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: modified}}}
	}
	for _, row := range []struct {
		name     string
		linked   Info
		recorded *debug.BuildInfo
		revision string
	}{
		{"a clean tree", Info{}, recorded("false"), "abc"},
		{"a changed tree", Info{}, recorded("true"), "abc-dirty"},
		{"the linker outranks the tree", Info{Revision: "def"}, recorded("true"), "def"},
		{"a tree that is no repository", Info{}, &debug.BuildInfo{}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := row.linked.completed(row.recorded).Revision; got != row.revision {
				t.Errorf("revision %q, want %q", got, row.revision)
			}
		})
	}
}

func TestABuildWithoutAVersionIsDevel(t *testing.T) {
	if got := Read(); got.Version != "devel" || got.Go != runtime.Version() || got.Platform != runtime.GOOS+"/"+runtime.GOARCH {
		t.Errorf("%+v", got)
	}
}

func TestTheLineSaysWhatIsKnown(t *testing.T) {
	full := Info{Version: "v1.2.3", Revision: "abc", Created: "2026-11-22T08:00:00Z", Go: "go1.26", Platform: "linux/amd64"}
	want := "pluginserver v1.2.3 (revision abc, go1.26, linux/amd64, built 2026-11-22T08:00:00Z)"
	if diff := cmp.Diff(want, full.String()); diff != "" {
		t.Error(diff)
	}
	want = "pluginserver devel (revision unknown, go1.26, linux/amd64)"
	if diff := cmp.Diff(want, Info{Version: "devel", Go: "go1.26", Platform: "linux/amd64"}.String()); diff != "" {
		t.Error(diff)
	}
}

func TestTheMetricIsOneWithTheBuildInItsLabels(t *testing.T) {
	m := Info{Version: "v1.2.3", Revision: "abc", Go: "go1.26"}.Metric()
	if got := testutil.ToFloat64(m); got != 1 {
		t.Errorf("value %v", got)
	}
	if problems, err := testutil.CollectAndLint(m); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}
