package jwksverify

import (
	"strings"
	"testing"

	"tollgate/internal/httpheader"
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
		"a tab behind the scheme":               {[]string{"Bearer\ta.b.c"}, "", reasonMalformed},
		"a space and a tab behind the scheme":   {[]string{"Bearer \ta.b.c"}, "", reasonMalformed},
		"a comma behind the scheme":             {[]string{"Bearer,a.b.c"}, "", reasonMalformed},
		"a colon behind the scheme":             {[]string{"Bearer: a.b.c"}, "", reasonMalformed},
		"a slash behind the scheme":             {[]string{"bearer/a.b.c"}, "", reasonMalformed},
		"an equals sign behind the scheme":      {[]string{"Bearer=a.b.c"}, "", reasonMalformed},
		"a no-break space behind the scheme":    {[]string{"Bearer\u00a0a.b.c"}, "", reasonMalformed},
		"a vertical tab behind the scheme":      {[]string{"Bearer\va.b.c"}, "", reasonMalformed},
		"an empty element before the scheme":    {[]string{", Bearer a.b.c"}, "", reasonMalformed},
		"a vertical tab before the scheme":      {[]string{"\vBearer a.b.c"}, "", reasonMalformed},
		"quotes around it all":                  {[]string{`"Bearer a.b.c"`}, "", reasonMalformed},
		"another scheme with a tab behind it":   {[]string{"Basic\teA=="}, "", reasonNoToken},
		"no scheme, and what may begin a token": {[]string{"/a.b.c"}, "", reasonMalformed},
		"no scheme, and nothing else":           {[]string{"/"}, "", reasonMalformed},
		"no scheme, but padding":                {[]string{"=a"}, "", reasonMalformed},
		"a token of one byte more than we take": {[]string{"Bearer " + strings.Repeat("a", maxToken+1)}, "", reasonMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			token, _, r := newSources([]string{"Authorization"}).bearer(oneHeader("authorization", row.fields...))
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

func oneHeader(name string, lines ...string) httpheader.List {
	return httpheader.List{{Name: name, Lines: lines}}
}

func TestTokensInOtherHeaders(t *testing.T) {
	type fields = map[string][]string
	for name, row := range map[string]struct {
		headers       fields
		token, header string
		want          reason
	}{
		"a token in Authorization":               {fields{"authorization": {"Bearer a.b.c"}}, "a.b.c", "authorization", reasonOK},
		"a bare token in another header":         {fields{"x-access-token": {"a.b.c"}}, "a.b.c", "x-access-token", reasonOK},
		"a token with its scheme there":          {fields{"x-access-token": {"bearer  a.b.c "}}, "a.b.c", "x-access-token", reasonOK},
		"a token in a spelling of the header":    {fields{"x_access-token": {"a.b.c"}}, "a.b.c", "x_access-token", reasonOK},
		"a token in the second header":           {fields{"x-id": {"a.b.c"}, "authorization": {"Basic eA=="}}, "a.b.c", "x-id", reasonOK},
		"a blank header beside the token":        {fields{"x-id": {"  "}, "authorization": {"Bearer a.b.c"}}, "a.b.c", "authorization", reasonOK},
		"a header that is not asked for":         {fields{"x-token": {"a.b.c"}}, "", "", reasonNoToken},
		"a bare token in Authorization":          {fields{"authorization": {"a.b.c"}}, "", "", reasonNoToken},
		"no token in any":                        {fields{"x-id": {""}, "authorization": {"Basic eA=="}}, "", "", reasonNoToken},
		"tokens in two headers":                  {fields{"x-id": {"a.b.c"}, "authorization": {"Bearer d.e.f"}}, "", "", reasonMalformed},
		"the same token in two headers":          {fields{"x-id": {"a.b.c"}, "authorization": {"Bearer a.b.c"}}, "", "", reasonMalformed},
		"tokens in two spellings":                {fields{"x-access-token": {"a.b.c"}, "x_access_token": {"a.b.c"}}, "", "", reasonMalformed},
		"a header twice":                         {fields{"x-id": {"a.b.c", "a.b.c"}}, "", "", reasonMalformed},
		"a header twice, once blank":             {fields{"x-id": {"", "a.b.c"}}, "", "", reasonMalformed},
		"another scheme in the other header":     {fields{"x-id": {"Basic eA=="}}, "", "", reasonMalformed},
		"the scheme alone in the other header":   {fields{"x-id": {"Bearer"}}, "", "", reasonMalformed},
		"a token beside what is not one":         {fields{"x-id": {"a b"}, "authorization": {"Bearer a.b.c"}}, "", "", reasonMalformed},
		"a header whose name starts as another":  {fields{"x-access-token-2": {"a.b.c"}}, "", "", reasonNoToken},
		"the scheme and a tab there":             {fields{"x-id": {"Bearer\ta.b.c"}}, "", "", reasonMalformed},
		"a bare token that begins as no scheme":  {fields{"x-id": {"/b.c"}}, "/b.c", "x-id", reasonOK},
		"the same in Authorization":              {fields{"authorization": {"/b.c"}}, "", "", reasonMalformed},
		"a bare token that starts as the scheme": {fields{"x-id": {"bearer.b.c"}}, "bearer.b.c", "x-id", reasonOK},
		"a token that is larger than the others": {fields{"x-id": {strings.Repeat("a", maxToken+1)}}, "", "", reasonMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			token, header, r := newSources([]string{"Authorization", "X-Access-Token", "X-Id"}).bearer(httpheader.FromMap(row.headers))
			got := reasonOK
			if r != nil {
				got = r.reason
			}
			if got != row.want || token != row.token || header != row.header {
				t.Errorf("got %s, %q in %q", got, token, header)
			}
		})
	}
}

func TestCharactersAreThoseOfTheRFCs(t *testing.T) {
	const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	for i := range 256 {
		b := byte(i)
		if want := strings.IndexByte(alphanumeric+"-._~+/", b) >= 0; inToken68(b) != want { // RFC 6750, section 2.1
			t.Errorf("%q in a token: %t", b, !want)
		}
		if want := strings.IndexByte(alphanumeric+"!#$%&'*+-.^_`|~", b) >= 0; inScheme(b) != want { // RFC 9110, section 5.6.2
			t.Errorf("%q in a scheme: %t", b, !want)
		}
	}
}

func TestFindingTheTokenDoesNotAllocate(t *testing.T) {
	s := newSources([]string{"Authorization"})
	headers := oneHeader("authorization", "Bearer a.b.c")
	if n := testing.AllocsPerRun(100, func() { _, _, _ = s.bearer(headers) }); n != 0 {
		t.Errorf("%v allocations a request", n)
	}
}

func FuzzBearer(f *testing.F) {
	f.Add("Bearer a.b.c")
	f.Add("bearer a, b")
	f.Add("Basic x")
	f.Add("Bearer\ta.b.c")
	f.Add("/a.b.c")
	f.Fuzz(func(t *testing.T, field string) {
		token, _, r := newSources([]string{"Authorization"}).bearer(oneHeader("authorization", field))
		switch {
		case r != nil && token != "":
			t.Errorf("a refused header gave a token")
		case r == nil && (token == "" || len(token) > maxToken || strings.ContainsAny(token, " \t\r\n,;\"")):
			t.Errorf("took %q for a token", token)
		case r == nil && !strings.EqualFold(strings.Trim(field, " \t")[:len("Bearer ")], "Bearer "):
			t.Errorf("took a token without its scheme")
		case r == nil && !strings.Contains(field, token):
			t.Errorf("the token is not in the header")
		case r != nil && r.reason == reasonNoToken && startsWithBearer(field):
			t.Errorf("%q counts as no token", field)
		}
	})
}

// startsWithBearer tells whether a lax reader would take a field for a bearer token.
func startsWithBearer(field string) bool {
	word := strings.FieldsFunc(field, func(r rune) bool { return r <= ' ' || strings.ContainsRune(",:;=/\"", r) })
	return len(word) > 1 && strings.EqualFold(word[0], "bearer")
}
