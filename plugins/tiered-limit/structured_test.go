package tieredlimit

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// sfItem is a string with parameters that are integers: what the draft's lists are made of.
type sfItem struct {
	name   string
	params map[string]int64
}

var (
	sfString  = regexp.MustCompile(`^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"`)
	sfKey     = regexp.MustCompile(`^[a-z*][a-z0-9_.*-]*`)
	sfInteger = regexp.MustCompile(`^-?[0-9]{1,15}`)
	sfComma   = regexp.MustCompile(`^[ \t]*,[ \t]*`)
)

// failer is a test, rapid's or Go's.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// parseList reads a list of structured fields (RFC 9651, section 4.2.1), strictly: what may be left out
// or doubled there, may not here.
func parseList(t failer, text string) []sfItem {
	t.Helper()
	var items []sfItem
	rest := text
	for {
		var item sfItem
		item, rest = parseItem(t, rest)
		items = append(items, item)
		if rest == "" {
			return items
		}
		comma := sfComma.FindString(rest)
		if comma == "" || comma == rest {
			t.Fatalf("%q is no list: no member at %q", text, rest)
		}
		rest = rest[len(comma):]
	}
}

func parseItem(t failer, text string) (item sfItem, rest string) {
	t.Helper()
	quoted := sfString.FindStringSubmatch(text)
	if quoted == nil {
		t.Fatalf("no string at %q", text)
	}
	item, rest = sfItem{quoted[1], map[string]int64{}}, text[len(quoted[0]):]
	for strings.HasPrefix(rest, ";") {
		key := sfKey.FindString(rest[1:])
		value, found := strings.CutPrefix(rest[1+len(key):], "=")
		digits := sfInteger.FindString(value)
		_, double := item.params[key]
		if key == "" || !found || digits == "" || double {
			t.Fatalf("no parameter with an integer at %q", rest)
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			t.Fatalf("%v", err)
		}
		item.params[key], rest = n, value[len(digits):]
	}
	return item, rest
}

// failed notes that a parser refused.
type failed struct{}

func (failed) Helper()               {}
func (failed) Fatalf(string, ...any) { panic(failed{}) }

// A parser that takes anything would prove nothing.
func TestTheParserOfListsIsStrict(t *testing.T) {
	for _, text := range []string{
		``, `tps`, `"tps`, `"tps";`, `"tps";q`, `"tps";q=`, `"tps";Q=1`, `"tps";q=1.5`, `"tps";q=1;q=2`, `"tps";q=1000000000000000`,
		`"tps";q=1,`, `"tps";q=1,,"daily";q=1`, `"tps";q=1 "daily";q=1`, `"tps" ;q=1`, `"t\u00fc";q=1`, ` "tps";q=1`,
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q was taken for a list", text)
				}
			}()
			parseList(failed{}, text)
		}()
	}
	if got := parseList(t, `"tps";q=-999999999999999 ,	"a b"`); len(got) != 2 || got[0].params["q"] != -999_999_999_999_999 || got[1].name != "a b" {
		t.Errorf("read %+v", got)
	}
}
