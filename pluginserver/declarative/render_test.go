package declarative

import (
	"strings"
	"testing"
)

func environment(name string) (string, bool) {
	value, ok := map[string]string{"DECK_HOST": "redis", "DECK_PORT": "6379", "DECK_TLS": "true", "DECK_WORD": "hunter2", "DECK_CERT": "a\nb\n", "HOME": "/"}[name]
	return value, ok
}

func TestRenderReplacesReferencesAsDeckDoes(t *testing.T) {
	for _, row := range []struct{ name, source, want string }{
		{"a text", `host: '${{ env "DECK_HOST" }}'`, `host: 'redis'`},
		{"an integer", `port: ${{ env "DECK_PORT" | toInt }}`, `port: 6379`},
		{"a truth", `tls: ${{ env "DECK_TLS" | toBool }}`, `tls: true`},
		{"a number", `x: ${{ env "DECK_PORT" | toFloat }}`, `x: 6379`},
		{"lines that are indented, the first where it stands", "cert: |\n  ${{ env \"DECK_CERT\" | indent 2 }}\n", "cert: |\n  a\n  b\n  \n"},
		{"a comment", "# ${{ env \"DECK_GONE\" }}\nx: y", "# ${{ env \"DECK_GONE\" }}\nx: y"},
		{"a comment after blanks", "x: y\r\n \t#${{ env \"DECK_GONE\" }} ${{ a }}\r\n", "x: y\r\n \t#${{ env \"DECK_GONE\" }} ${{ a }}\r\n"},
		{"a comment that does not end its reference", "# ${{ env\n", "# ${{ env\n"},
		{"a comment behind something", `x: ${{ env "DECK_HOST" }} # ${{ env "DECK_PORT" }}`, `x: redis # 6379`},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got, err := Render([]byte(row.source), environment); err != nil || string(got) != row.want {
				t.Errorf("%q, %v; want %q", got, err, row.want)
			}
		})
	}
}

func TestRenderTellsWhatIsMissingAndNoValue(t *testing.T) {
	for _, row := range []struct{ name, source, says string }{
		{"a variable that is not set", `${{ env "DECK_PASSWORD" }}`, "the environment has no DECK_PASSWORD"},
		{"a variable that decK may not read", `${{ env "HOME" }}`, "must start with DECK_"},
		{"no integer", `${{ env "DECK_WORD" | toInt }}`, "not an integer"},
		{"no number", `${{ env "DECK_WORD" | toFloat }}`, "not a number"},
		{"no truth", `${{ env "DECK_WORD" | toBool }}`, "not true or false"},
		{"an indent that is none", `${{ env "DECK_WORD" | indent "x" }}`, "rendering the references"},
		{"an indent below nothing", `${{ env "DECK_WORD" | indent -1 }}`, "rendering the references"},
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
