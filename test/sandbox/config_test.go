package sandbox

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func TestFileLogComesBesideTheOtherPlugins(t *testing.T) {
	got, err := withFileLog([]byte("_format_version: \"3.0\"\nplugins: [{name: key-auth}]\n"), "/tmp/x.log")
	if err != nil {
		t.Fatal(err)
	}
	var document struct{ Plugins []struct{ Name string } }
	if err := yaml.Unmarshal(got, &document); err != nil {
		t.Fatal(err)
	}
	if len(document.Plugins) != 2 || document.Plugins[0].Name != "key-auth" || document.Plugins[1].Name != "file-log" {
		t.Errorf("plugins %v", document.Plugins)
	}
}

func TestGatewayFromEnv(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, row := range []struct {
		name, value string
		want        Gateway
		says        string
	}{
		{"the stand-in is the default", "", KongSim, ""},
		{"the stand-in by name", "kongsim", KongSim, ""},
		{"a Kong that is not installed", "kong", "", "needs a kong on the PATH"},
		{"something else", "nginx", "", "must be kongsim or kong"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Setenv(GatewayEnv, row.value)
			got, err := GatewayFromEnv()
			if got != row.want || (err != nil) != (row.says != "") || err != nil && !strings.Contains(err.Error(), row.says) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}
