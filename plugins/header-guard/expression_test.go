package headerguard

import (
	"regexp"
	"testing"
)

// expressions are such as rules have, and such as only a fuzzer writes.
func expressions() []string {
	return []string{
		`^[a-z]{2,20}$`, `^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`, `^[!#$%&'*+.^_|~0-9A-Za-z-]+ +[^ ]`, `^[0-9a-f]{32}$`,
		`abc`, `(?i)^bearer .+`, `^/a|/b$`, `^(?:/health|/ready)`, `a.*b.*c$`, `^$`, `$`, `^`, `$^`, `a$|b`, `^a|b$`, `(a|b)*c`, `[^é]x`, `é`, `.`, `(?s)^.$`,
		`\bx\b`, `(?m)^x$`, `\d+\.\d+`, `^[a-z]{1,200}$`, `x*`, `(^a|b)+$`, `(a$)b`, `^\x00`, `(?i)k`, `(?i)ſ`, `(?i)\x{212a}`, `[[:cntrl:]]`,
	}
}

func FuzzExpression(f *testing.F) {
	for _, e := range expressions() {
		for _, text := range []string{
			"", "a", "b", "ab", "acme", "abc", "xabcx", "api.example.com:443", "[::1]:80", "Bearer abc", "bearer", "0af7651916cd43dd8448eb211c80319c",
			"/a", "/b", "x/b", "aéx", "é", "\xff", "a\nb", "x", "\n", "1.5", "\x00", "K", "k", "s", "S", "\u212a", "ba", "aab",
		} {
			f.Add(e, text)
		}
	}
	f.Add(`^(.?){50}$`, "aé")
	f.Add(`^(.?){50}$`, "acme")
	f.Fuzz(func(t *testing.T, e, text string) {
		plain, err := regexp.Compile(e)
		if err != nil {
			t.Skip()
		}
		if got, want := compile(e).MatchString(text), plain.MatchString(text); got != want {
			t.Errorf("%q matches %q: %v, want %v", e, text, got, want)
		}
	})
}

// An expression without its table would only be slow, and nobody would see it.
func TestWhatRulesHaveIsReadByATable(t *testing.T) {
	for _, row := range []struct {
		expression string
		table      bool
	}{
		{`^[a-z]{2,20}$`, true},
		{`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`, true},
		{`(?i)^bearer .+`, true},
		{`^[A-Za-z0-9._-]{1,100}$`, true},
		{`^.{1,300}$`, false},
		{`^(x*){300}$`, false},       // few states, and more instructions than are looked at
		{`^(.?){1000}$`, false},      // more of both
		{`Bearer .{20,1000}`, false}, // the same
		{`^[ab]*a[ab]{6}$`, false},   // few instructions, and more states than a table has
		{`\bx\b`, false},
	} {
		if e := compile(row.expression); (e.table != nil) != row.table {
			t.Errorf("%s: a table: %v", row.expression, !row.table)
		}
	}
	for _, preset := range []string{presetHost, presetAuthorization} {
		g := guardOf(t, `{"presets":["`+preset+`"]}`)
		if e := g.checks[len(g.checks)-1].demand.(fields)[0].match; e == nil || e.table == nil {
			t.Errorf("the expression of the preset %s has no table", preset)
		}
	}
}
