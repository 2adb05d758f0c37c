package instance

import (
	"encoding/json"
	"fmt"

	"tollgate/internal/kong"
)

// longestMember is the longest that a member of Kong's own may be, in bytes: ids are UUIDs, and an instance_name
// is a name.
const longestMember = 1 << 10

// scopeOf reads the members that Kong adds to a configuration. One that cannot be read is empty:
// the same bytes are refused as a configuration anyway.
func scopeOf(config []byte) (kong.Scope, error) {
	if len(config) > largestConfig {
		return kong.Scope{}, nil // refused anyway
	}
	var members struct {
		RouteID      string `json:"route_id"`
		ServiceID    string `json:"service_id"`
		ConsumerID   string `json:"consumer_id"`
		InstanceName string `json:"plugin_instance_name"`
	}
	_ = json.Unmarshal(config, &members)
	for name, member := range map[string]string{
		"route_id": members.RouteID, "service_id": members.ServiceID, "consumer_id": members.ConsumerID,
		"plugin_instance_name": members.InstanceName,
	} {
		if len(member) > longestMember {
			return kong.Scope{}, fmt.Errorf("%s has %d bytes, and may have %d", name, len(member), longestMember)
		}
	}
	return kong.Scope(members), nil
}
