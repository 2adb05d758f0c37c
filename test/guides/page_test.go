package guides

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const example = `# A page

<!-- faults -->
<!-- only kong -->
` + "```console\n$ echo a \\\n> b\na …\n$ true\n```" + `

1. Indented:
   <!-- save f.yml -->
   ` + "```yaml\n   a: 1\n   ```\n" + `
<!-- run
X=1
-->
`

func TestAPageIsReadInItsOrder(t *testing.T) {
	steps, err := parse(example)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range steps {
		got = append(got, s.kind+"|"+strings.TrimSpace(s.text))
	}
	want := []string{"faults|", "console|$ echo a \\\n> b\na …\n$ true", "yaml|a: 1", "run|X=1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, ok := steps[1].notes["only kong"]; !ok || steps[2].notes["save"] != "f.yml" || len(steps[2].notes) != 1 {
		t.Errorf("notes %v, %v", steps[1].notes, steps[2].notes)
	}
	commands := steps[1].commands()
	if len(commands) != 2 || commands[0].text != "echo a \\\nb" || commands[0].print != "a …\n" || commands[1].line != 9 {
		t.Errorf("commands %+v", commands)
	}
}

func TestWhatTheTestWouldPassOverIsRefused(t *testing.T) {
	for _, row := range []struct{ name, page, says string }{
		{"a block of an unknown kind", "```lua\n```", "must be one of"},
		{"a block without a kind", "```\n```", "must be one of"},
		{"a block that does not end", "```sh\ntrue", "does not end"},
		{"a comment that does not end", "<!-- run\ntrue", "does not end"},
		{"a comment that does nothing", "<!-- todo -->", "must begin with"},
		{"a note about a block that is not there", "<!-- merge -->", "no block"},
		{"a note about text", "<!-- merge -->\ntext", "text does"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := parse(row.page); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("error %v, want one that says %q", err, row.says)
			}
		})
	}
}

func TestWhatIsPrintedIsComparedWithWhatIsShown(t *testing.T) {
	for _, row := range []struct {
		name, shown, printed string
		want                 bool
	}{
		{"the same", "a\nb\n", "a\nb\n", true},
		{"another line", "a\n", "a\nb\n", false},
		{"a line less", "a\nb\n", "a\n", false},
		{"other spaces, as in tables", "a  b\n", "a     b \r\n", true},
		{"any text within a line", "a … c\n", "a b b c\n", true},
		{"no text over lines", "a … c\n", "a b\nb c\n", false},
		{"any lines", "a\n…\nd\n", "a\nb\nc\nd\n", true},
		{"no lines for any", "a\n…\nd\n", "a\nd\n", true},
		{"nothing", "", "\n", true},
		{"something for nothing", "", "a\n", false},
		{"signs of expressions", "a.b{c=\"d\"} (e)\n", "a.b{c=\"d\"} (e)\n", true},
		{"no expressions", "a.b\n", "axb\n", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := prints(row.shown, row.printed); got != row.want {
				t.Errorf("%t, want %t", got, row.want)
			}
		})
	}
}

func TestWhatIsShownIsMergedByName(t *testing.T) {
	for _, row := range []struct{ name, whole, shown, want string }{
		{"a new consumer comes last", "consumers:\n- username: a\n", "consumers:\n- username: b\n", "consumers:\n- username: a\n- username: b\n"},
		{"a known one is changed", "tiers:\n- name: a\n  tps: 1\n  burst: 2\n", "tiers:\n- name: a\n  tps: 3\n", "tiers:\n- burst: 2\n  name: a\n  tps: 3\n"},
		{"a list of words takes the place", "a: [x, y]\n", "a: [z]\n", "a:\n- z\n"},
		{"a word takes the place", "a: 1\n", "a: 2\n", "a: 2\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := merge([]byte(row.whole), []byte(row.shown))
			if diff := cmp.Diff(row.want, string(got)); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestAConfigurationThatASchemaRefusesIsFound(t *testing.T) {
	const bad = "plugins:\n- name: header-guard\n  config: {rule: []}\n"
	if _, err := checkShown([]byte(bad)); err == nil || !strings.Contains(err.Error(), "header-guard") {
		t.Errorf("shown: %v", err)
	}
	if err := checkFile([]byte(bad)); err == nil || !strings.Contains(err.Error(), "header-guard") {
		t.Errorf("a file: %v", err)
	}
	if n, err := checkShown([]byte("- name: header-guard\n  config: {rules: [{header: a}]}\n")); n != 1 || err != nil {
		t.Errorf("%d found, %v", n, err)
	}
}
