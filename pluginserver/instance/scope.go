package instance

import (
	"encoding/json"

	"tollgate/internal/kong"
)

// scopeOf reads the members that Kong adds to a configuration. One that cannot be read is empty:
// the same bytes are refused as a configuration anyway.
func scopeOf(config []byte) kong.Scope {
	var members struct {
		RouteID      string `json:"route_id"`
		ServiceID    string `json:"service_id"`
		ConsumerID   string `json:"consumer_id"`
		InstanceName string `json:"plugin_instance_name"`
	}
	_ = json.Unmarshal(config, &members)
	return kong.Scope(members)
}
