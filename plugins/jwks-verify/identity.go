package jwksverify

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/Kong/go-pdk/entities"

	"tollgate/internal/kong"
)

// consumerNames are the values of the named claims that may be a consumer's id or username.
func (c claims) consumerNames(names []string) []string {
	var out []string
	for _, name := range names {
		if value := c.text(name); value != "" && !slices.Contains(out, value) {
			out = append(out, value)
		}
	}
	return out
}

// credentialID is the token's client_id, else its sub, else empty.
func (c claims) credentialID() string {
	if id := c.text("client_id"); id != "" {
		return id
	}
	return c.text("sub")
}

// forged are the headers that tell the upstream who the client is, in the spellings in which the
// client sent them. Clearing or setting one spelling leaves the others standing in Kong, where a dash
// and an underscore differ, while many an upstream takes them for the same.
func forged(headers map[string][]string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		if tellsIdentity(name) {
			out = append(out, name)
		}
	}
	return out
}

// stripsIdentity tells whether a line of Connection names a header that tells identity. Kong removes what
// Connection names after the plugins ran (RFC 9110, section 7.6.1; kong/runloop/handler.lua), so that a
// client could take off what is set here.
func stripsIdentity(connection []string) bool {
	for _, line := range connection {
		for name := range strings.SplitSeq(line, ",") {
			if tellsIdentity(strings.TrimSpace(name)) {
				return true
			}
		}
	}
	return false
}

// tellsIdentity takes a name in any case and spelling.
func tellsIdentity(name string) bool {
	name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
	for _, prefix := range [...]string{"x-consumer-", "x-credential-", "x-authenticated-", "x-anonymous-consumer"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// identityHeaders are what Kong's own auth plugins tell the upstream (kong/constants.lua).
func identityHeaders(consumer *entities.Consumer, credentialID string) []kong.Header {
	var all []kong.Header
	if consumer != nil {
		all = []kong.Header{
			{Name: "X-Consumer-ID", Value: consumer.Id},
			{Name: "X-Consumer-Username", Value: consumer.Username},
			{Name: "X-Consumer-Custom-ID", Value: consumer.CustomId},
		}
	}
	all = append(all, kong.Header{Name: "X-Credential-Identifier", Value: headerSafe(credentialID)})
	return slices.DeleteFunc(all, func(h kong.Header) bool { return h.Value == "" })
}

// headerSafe percent-encodes what is not a visible ASCII character, and the percent sign, so that a
// claim can neither end the header nor look like another one.
func headerSafe(value string) string {
	var out strings.Builder
	for i := range len(value) {
		if b := value[i]; b <= ' ' || b > '~' || b == '%' {
			fmt.Fprintf(&out, "%%%02X", b)
		} else {
			out.WriteByte(b)
		}
	}
	return out.String()
}
