package jwksverify

import (
	"strings"
	"testing"
)

func TestBearer(t *testing.T) {
	for name, row := range map[string]struct {
		fields []string
		token  string
		want   reason
	}{
		"one token":                             {[]string{"Bearer a.b.c"}, "a.b.c", reasonOK},
		"the scheme in any case":                {[]string{"bEARER a.b.c"}, "a.b.c", reasonOK},
		"several spaces between":                {[]string{"Bearer   a.b.c"}, "a.b.c", reasonOK},
		"space around the field":                {[]string{" \tBearer a.b.c \t"}, "a.b.c", reasonOK},
		"every character of token68":            {[]string{"Bearer aZ09-._~+/=="}, "aZ09-._~+/==", reasonOK},
		"the largest token":                     {[]string{"Bearer " + strings.Repeat("a", maxToken)}, strings.Repeat("a", maxToken), reasonOK},
		"no header":                             {nil, "", reasonNoToken},
		"an empty header":                       {[]string{""}, "", reasonNoToken},
		"another scheme":                        {[]string{"Basic dXNlcjpwYXNz"}, "", reasonNoToken},
		"a scheme that starts like ours":        {[]string{"BearerX a.b.c"}, "", reasonNoToken},
		"the token of another kind":             {[]string{"DPoP a.b.c"}, "", reasonNoToken},
		"the scheme alone":                      {[]string{"Bearer"}, "", reasonMalformed},
		"the scheme and spaces":                 {[]string{"Bearer   "}, "", reasonMalformed},
		"two tokens, by a space":                {[]string{"Bearer a.b.c d.e.f"}, "", reasonMalformed},
		"two credentials, by a comma":           {[]string{"Bearer a.b.c, Bearer d.e.f"}, "", reasonMalformed},
		"the header twice":                      {[]string{"Bearer a.b.c", "Bearer a.b.c"}, "", reasonMalformed},
		"the header twice, one of them Basic":   {[]string{"Basic eA==", "Bearer a.b.c"}, "", reasonMalformed},
		"a quoted token":                        {[]string{`Bearer "a.b.c"`}, "", reasonMalformed},
		"padding within":                        {[]string{"Bearer a=b"}, "", reasonMalformed},
		"padding alone":                         {[]string{"Bearer =="}, "", reasonMalformed},
		"a line break":                          {[]string{"Bearer a.b.c\r\nX: y"}, "", reasonMalformed},
		"a character that is not ASCII":         {[]string{"Bearer a.b.ç"}, "", reasonMalformed},
		"a NUL":                                 {[]string{"Bearer a.b.c\x00"}, "", reasonMalformed},
		"a token of one byte more than we take": {[]string{"Bearer " + strings.Repeat("a", maxToken+1)}, "", reasonMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			token, r := bearer(map[string][]string{"authorization": row.fields})
			got := reasonOK
			if r != nil {
				got = r.reason
			}
			if got != row.want || token != row.token {
				t.Errorf("got %s and a token of %d bytes, want %s and %d", got, len(token), row.want, len(row.token))
			}
		})
	}
}

func FuzzBearer(f *testing.F) {
	f.Add("Bearer a.b.c")
	f.Add("bearer a, b")
	f.Add("Basic x")
	f.Fuzz(func(t *testing.T, field string) {
		token, r := bearer(map[string][]string{"authorization": {field}})
		switch {
		case r != nil && token != "":
			t.Errorf("a refused header gave a token")
		case r == nil && (token == "" || len(token) > maxToken || strings.ContainsAny(token, " \t\r\n,;\"")):
			t.Errorf("took %q for a token", token)
		case r == nil && !strings.Contains(field, token):
			t.Errorf("the token is not in the header")
		}
	})
}
