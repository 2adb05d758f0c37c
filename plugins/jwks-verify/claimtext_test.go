package jwksverify

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

func TestClaimText(t *testing.T) {
	for name, row := range map[string]struct{ claim, want string }{
		"a text as it is":                          {`"read write"`, "read write"},
		"an integer as it was written":             {`9007199254740993`, "9007199254740993"},
		"a number as it was written":               {`1.50e3`, "1.50e3"},
		"true":                                     {`true`, "true"},
		"false":                                    {`false`, "false"},
		"null is nothing":                          {`null`, ""},
		"an array joined by commas":                {`["a","b",3,false]`, "a,b,3,false"},
		"an empty array is nothing":                {`[]`, ""},
		"empty and null elements are left out":     {`["a","",null,"b"]`, "a,b"},
		"a comma in an element is not one of ours": {`["a,b","c"]`, "a%2Cb,c"},
		"a comma in a text stays":                  {`"a,b"`, "a,b"},
		"an object as JSON":                        {`{"b":1.0,"a":["x",{}]}`, `{"a":["x",{}],"b":1.0}`},
		"an object in an array":                    {`[{"a":1,"b":2}]`, `{"a":1%2C"b":2}`},
		"an array in an array":                     {`[["a","b"]]`, `["a"%2C"b"]`},
		"markup in an object is not escaped twice": {`{"a":"<&>"}`, `{"a":"<&>"}`},
		"a line break":                             {`"a\r\nX-Admin: 1"`, "a%0D%0AX-Admin: 1"},
		"a line break in an element":               {`["a","b\nc"]`, "a,b%0Ac"},
		"control characters":                       {`"a\u0000\t\u007f"`, "a%00%09%7F"},
		"what is not ASCII":                        {`"Zoë ☃"`, "Zo%C3%AB %E2%98%83"},
		"what is not ASCII in an object":           {`{"ü":"\u2028"}`, `{"%C3%BC":"\u2028"}`},
		"a percent sign":                           {`"100%0D"`, "100%250D"},
		"spaces at the ends":                       {`" a b "`, "%20a b%20"},
		"nothing but spaces":                       {`"   "`, "%20 %20"},
		"a space at the end of an element":         {`["a ","b"]`, "a%20,b"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := claimText(claimOf(t, row.claim)); got != row.want {
				t.Errorf("%q, want %q", got, row.want)
			}
		})
	}
}

// claimOf is a claim as a token's payload holds it.
func claimOf(t *testing.T, text string) any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

// FuzzEscaped looks for text that a header may not hold, and for two texts that read the same.
func FuzzEscaped(f *testing.F) {
	for _, text := range []string{"", " ", "a b", "a\r\nb", "%41", "100%", "ü", "\xff", "a,b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, special := range []string{"%", "%,"} {
			got := escaped(text, special)
			if strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r > '~' }) || strings.Trim(got, " ") != got {
				t.Errorf("%q is no header's value", got)
			}
			if special == "%," && strings.Contains(got, ",") {
				t.Errorf("%q has a comma", got)
			}
			if back, err := url.PathUnescape(got); err != nil || back != text {
				t.Errorf("%q reads as %q, %v, want %q", got, back, err, text)
			}
		}
	})
}
