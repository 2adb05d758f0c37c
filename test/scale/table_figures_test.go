package scale

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFiguresHaveThreeDigitsAndThousandsApart(t *testing.T) {
	for value, want := range map[float64]string{
		0: "0", 1: "1", 0.0257: "0.0257", 3: "3", 18.304: "18.3", 99.96: "100", 100.4: "100", 1000: "1,000", 1_000_000: "1,000,000", -1234: "-1,234",
	} {
		if got := figure(value); got != want {
			t.Errorf("%v: %q, want %q", value, got, want)
		}
	}
}

func TestATableTakesThePlaceOfTheOneBefore(t *testing.T) {
	made := table{name: "a b", head: []string{"x", "y"}}
	made.add("1", "2")
	const want = "text\n<!-- measured: a b -->\n| x | y |\n|---|---|\n| 1 | 2 |\n<!-- end -->\nmore\n<!-- measured: c -->\n<!-- end -->\n"
	got, err := made.in("text\n<!-- measured: a b -->\n| old |\n<!-- end -->\nmore\n<!-- measured: c -->\n<!-- end -->\n")
	if got != want || err != nil {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	if again, err := made.in(got); again != want || err != nil {
		t.Errorf("put there again: %q, %v", again, err)
	}
	for _, lacking := range []string{"", "<!-- measured: a b -->\n| old |\n", "<!-- measured: a -->\n<!-- end -->\n"} {
		if _, err := made.in(lacking); err == nil {
			t.Errorf("a document without a place for it was taken: %q", lacking)
		}
	}
}

func TestAMeasuredTableIsKeptInTheDocument(t *testing.T) {
	path := filepath.Join(t.TempDir(), "document.md")
	if err := os.WriteFile(path, []byte("<!-- measured: a -->\n<!-- end -->\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	keep(t, path, table{name: "a", head: []string{"x"}, rows: [][]string{{"1"}}})
	const want = "<!-- measured: a -->\n| x |\n|---|\n| 1 |\n<!-- end -->\n"
	if got, err := os.ReadFile(path); string(got) != want || err != nil {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}
