package jwksverify

import "testing"

func TestScopes(t *testing.T) {
	all := policyWith(func(c *Config) { c.RequiredScopes = []string{"read", "write"} })
	anyOf := policyWith(func(c *Config) { c.RequiredScopes, c.RequiredScopesMatch = []string{"read", "write"}, matchAny })
	for name, row := range map[string]struct {
		claims   members
		all, any reason
	}{
		"both, in a string":                  {members{"scope": "write x read"}, reasonOK, reasonOK},
		"both, in an array":                  {members{"scope": []string{"read", "write"}}, reasonOK, reasonOK},
		"both, in a string of scp":           {members{"scp": "read write"}, reasonOK, reasonOK},
		"both, in an array of scp":           {members{"scp": []string{"write", "read"}}, reasonOK, reasonOK},
		"one in scope and one in scp":        {members{"scope": "read", "scp": []string{"write"}}, reasonOK, reasonOK},
		"several spaces":                     {members{"scope": " read   write "}, reasonOK, reasonOK},
		"one of them":                        {members{"scope": "read"}, reasonScope, reasonOK},
		"none":                               {members{"scope": "admin"}, reasonScope, reasonScope},
		"no scope at all":                    {nil, reasonScope, reasonScope},
		"another case":                       {members{"scope": "READ Write"}, reasonScope, reasonScope},
		"scopes that start like ours":        {members{"scope": "readonly writer"}, reasonScope, reasonScope},
		"separated by commas":                {members{"scope": "read,write"}, reasonScope, reasonScope},
		"separated by a tab":                 {members{"scope": "read\twrite"}, reasonScope, reasonScope},
		"separated by a no-break space":      {members{"scope": "read\u00a0write"}, reasonScope, reasonScope},
		"two scopes in one element":          {members{"scope": []string{"read write"}}, reasonScope, reasonScope},
		"an array with a number in it":       {members{"scope": []any{"read", "write", 1}}, reasonScope, reasonScope},
		"an object":                          {members{"scope": members{"read": true, "write": true}}, reasonScope, reasonScope},
		"Scope does not stand for scope":     {members{"Scope": "read write"}, reasonScope, reasonScope},
		"null":                               {members{"scope": (*string)(nil)}, reasonScope, reasonScope},
		"a bad scope in a token that is old": {members{"scope": "x", "exp": 1}, reasonExpired, reasonExpired},
	} {
		token := with(row.claims)
		t.Run(name, func(t *testing.T) {
			checkTokens(t, all, map[string]tokenRow{"all": {token, row.all}})
			checkTokens(t, anyOf, map[string]tokenRow{"any": {token, row.any}})
		})
	}
}

func TestOneScopeIsTold(t *testing.T) {
	for text, want := range map[string]bool{
		"read": true, "https://api.test/read": true, "a:b.c-d_e!#[]~": true,
		"": false, "a b": false, `a"b`: false, `a\b`: false, "a\x7f": false, "a\n": false, "é": false,
	} {
		if isScopeToken(text) != want {
			t.Errorf("%q: %t", text, !want)
		}
	}
}
