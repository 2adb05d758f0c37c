package jwksverify

import "strings"

// challenge makes WWW-Authenticate of the scheme Bearer (RFC 6750, section 3): parameters in quotes, with
// commas between them. Some clients read no other form.
type challenge struct {
	realm string
	// metadata is the URL of the resource's metadata (RFC 9728, section 5.1), empty for none.
	metadata string
}

// with returns the challenge for an error; code is empty where no token came (RFC 6750, section 3.1), scope
// where none is missing.
func (c challenge) with(code, description, scope string) string {
	if code == "" {
		description = ""
	}
	var out strings.Builder
	out.WriteString("Bearer")
	separator := " "
	for _, p := range [...]struct{ name, value string }{
		{"realm", c.realm}, {"error", code}, {"error_description", description}, {"scope", scope}, {"resource_metadata", c.metadata},
	} {
		if p.value != "" {
			out.WriteString(separator + p.name + "=" + quoted(p.value))
			separator = ", "
		}
	}
	return out.String()
}

// quoted is a quoted-string (RFC 9110, section 5.6.4) of ASCII; other characters are left out, as RFC 6750
// allows none.
func quoted(text string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range text {
		if r == '"' || r == '\\' {
			out.WriteByte('\\')
		}
		if ' ' <= r && r <= '~' {
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
	return out.String()
}
