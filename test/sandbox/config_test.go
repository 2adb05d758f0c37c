package sandbox

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func TestRenderReplacesReferencesAsDeckDoes(t *testing.T) {
	source := `{host: '${{ env "DECK_HOST" }}', port: ${{ env "DECK_PORT" | toInt }}, tls: ${{ env "DECK_TLS" | toBool }}}`
	got, err := render([]byte(source), map[string]string{"DECK_HOST": "redis", "DECK_PORT": "6379", "DECK_TLS": "true"})
	if want := `{host: 'redis', port: 6379, tls: true}`; err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}

func TestRenderTellsWhatIsMissing(t *testing.T) {
	for _, row := range []struct{ name, source, says string }{
		{"a value that nobody gave", `${{ env "DECK_HOST" }}`, "DECK_HOST"},
		{"a value of another type", `${{ env "DECK_WORD" | toInt }}`, "word"},
		{"a reference that does not end", `${{ env "DECK_WORD"`, "references"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := render([]byte(row.source), map[string]string{"DECK_WORD": "word"}); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("error %v, want one about %s", err, row.says)
			}
		})
	}
}

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
