package quota

import (
	"fmt"
	"net/netip"
	"strings"
)

// What counts can be of, as tiered-limit's limit_by names it.
const (
	consumer   = "consumer"
	credential = "credential"
	ip         = "ip"
)

// target is whose counts are meant.
type target struct {
	kind string
	// name is a consumer's username, custom_id or id, a credential's id, or an address.
	name string
}

// parseTarget reads NAME, consumer:NAME, credential:ID or ip:ADDRESS.
func parseTarget(text string) (target, error) {
	kind, name, found := strings.Cut(text, ":")
	t := target{kind, name}
	switch {
	case found && (kind == consumer || kind == credential):
	case found && kind == ip:
		address, err := netip.ParseAddr(name)
		if err != nil {
			return t, fmt.Errorf("%q is not an IP address", name)
		}
		t.name = address.String()
	default:
		t = target{consumer, text}
	}
	if t.name == "" {
		return t, fmt.Errorf("%q names nobody", text)
	}
	return t, nil
}
