package declarative

import (
	"strings"
	"testing"
)

func environment(name string) (string, bool) {
	value, ok := map[string]string{"DECK_HOST": "redis", "DECK_PORT": "6379", "DECK_TLS": "true", "DECK_WORD": "hunter2", "HOME": "/"}[name]
	return value, ok
}

func TestRenderReplacesReferencesAsDeckDoes(t *testing.T) {
	source := `{host: '${{ env "DECK_HOST" }}', port: ${{ env "DECK_PORT" | toInt }}, tls: ${{ env "DECK_TLS" | toBool }}, x: ${{ env "DECK_PORT" | toFloat }}}`
	got, err := Render([]byte(source), environment)
	if want := `{host: 'redis', port: 6379, tls: true, x: 6379}`; err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}

func TestRenderTellsWhatIsMissingAndNoValue(t *testing.T) {
	for _, row := range []struct{ name, source, says string }{
		{"a variable that is not set", `${{ env "DECK_PASSWORD" }}`, "the environment has no DECK_PASSWORD"},
		{"a variable that decK may not read", `${{ env "HOME" }}`, "must start with DECK_"},
		{"no integer", `${{ env "DECK_WORD" | toInt }}`, "not an integer"},
		{"no number", `${{ env "DECK_WORD" | toFloat }}`, "not a number"},
		{"no truth", `${{ env "DECK_WORD" | toBool }}`, "not true or false"},
		{"a reference that does not end", `${{ env "DECK_WORD"`, "references"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := Render([]byte(row.source), environment)
			if err == nil || !strings.Contains(err.Error(), row.says) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %v, want one that says %s", err, row.says)
			}
		})
	}
}
