package declarative

import (
	"regexp"
	"strings"
	"testing"
)

// fixed is all that an error of decode may consist of.
var fixed = regexp.MustCompile(`^reading (yaml: (line \d+, column \d+: )?(this is no YAML|a name stands here for the second time|another kind of value belongs here); ` +
	`nothing of it is shown, as it may be a secret: a value of the environment needs quotes|` +
	`yaml: it holds what JSON cannot, such as a number that is infinite|` +
	`the configuration: ("[A-Za-z_.]*" must not be of the kind (string|number|bool|array|object)|it is no configuration of Kong|a reference must be .*))$`)

// A password that YAML reads as something else makes an error, or does not: it is never told.
func TestNoErrorTellsAnOddValueOfTheEnvironment(t *testing.T) {
	const secret = "hunter2"
	var values []string
	for _, odd := range []string{"*", "&", "!", `"`, "'", "{", "[", "|", ">", "%", "@", "`", "\n", ": ", " #", "- ", "? ", "]", "}", ",", "\t", "<<: *", "\x00", "0x", "1e"} {
		values = append(values, odd+secret, secret+odd, secret+odd+secret, odd+secret+odd, odd+" "+secret, "x"+odd+"\n"+secret)
	}
	failed := 0
	for _, source := range []string{
		"plugins:\n- name: tiered-limit\n  config:\n    redis:\n      password: ${{ env \"DECK_P\" }}\n      port: 1\n",
		"plugins: [{name: tiered-limit, config: {redis: {password: ${{ env \"DECK_P\" }}, port: 1}}}]\n",
		"plugins:\n- name: tiered-limit\n  config:\n    redis:\n      password: \"${{ env \"DECK_P\" }}\"\n",
		"plugins:\n- name: tiered-limit\n  config:\n    redis:\n      password: '${{ env \"DECK_P\" }}'\n",
		`{"plugins": [{"name": "tiered-limit", "config": {"redis": {"password": "${{ env "DECK_P" }}"}}}]}`,
	} {
		for _, value := range values {
			rendered, err := Render([]byte(source), func(string) (string, bool) { return value, true })
			if err != nil {
				t.Fatal(err)
			}
			_, err = Parse(plugin, Source{"kong.yml", rendered})
			if err == nil {
				continue
			}
			failed++
			if strings.Contains(err.Error(), secret) || !fixed.MatchString(strings.TrimPrefix(err.Error(), "kong.yml: ")) {
				t.Errorf("%q in %s: %v", value, source, err)
			}
		}
	}
	if failed == 0 {
		t.Error("no value made an error")
	}
}

func TestAnErrorTellsWhereAndWhatKind(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"an alias of nothing", "plugins:\n- name: *hunter2\n", "line 2, column 10: this is no YAML"},
		{"a name twice", "plugins: []\nplugins: []\n", "line 2, column 1: a name stands here for the second time"},
		{"a text", "hunter2", "line 1, column 1: another kind of value belongs here"},
		{"a number for a name", "consumers: [{username: 777}]", `"consumers.username" must not be of the kind number`},
		{"a number without an end", "x: .inf", "it holds what JSON cannot"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := decode([]byte(row.text))
			if err == nil || !strings.Contains(err.Error(), row.want) || !fixed.MatchString(err.Error()) {
				t.Errorf("%v, want %s", err, row.want)
			}
		})
	}
}

func FuzzErrorsAreMadeOfFixedWords(f *testing.F) {
	for _, text := range []string{"a: *b", "a: &b", "a: !b", "a: \"b", "a: [b", "a: {b", "a: |b", "a: %b", "a: @b", "a: `b", "a: b: c", "? b", "a\nb", "{\"plugins\": 1}", "plugins: [{service: [b]}]", "x: .nan"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := decode([]byte(text)); err != nil && !fixed.MatchString(err.Error()) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
