package nginx

import (
	"slices"
	"sync"
)

// indexed are the headers among lua-kong-nginx-module's default variable
// indexes, in the variables' spelling.
var indexed = []string{
	"authorization", "connection", "host", "kong_debug", "proxy", "proxy_connection", "te", "upgrade",
	"x_forwarded_for", "x_forwarded_host", "x_forwarded_path", "x_forwarded_port", "x_forwarded_prefix", "x_forwarded_proto",
	"x_kong_request_debug", "x_kong_request_debug_token", "x_kong_request_debug_log",
}

// Index is a worker's knowledge of which $http_NAME variables nginx reads by
// index. Such a variable keeps, for the rest of a request, the value of its
// first reading: a plugin that clears Authorization after somebody has read it
// leaves it readable. Setting the header takes the variable out of the index,
// and for all later requests of the worker too, since Kong patches
// ngx.req.set_header so.
type Index struct {
	mu      sync.Mutex
	dropped map[string]bool
}

func (i *Index) has(name string) bool {
	if i == nil || !slices.Contains(indexed, name) {
		return false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return !i.dropped[name]
}

func (i *Index) drop(name string) {
	if i == nil || !slices.Contains(indexed, name) {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.dropped == nil {
		i.dropped = map[string]bool{}
	}
	i.dropped[name] = true
}

// reading is what $http_NAME was when it was first read.
type reading struct {
	value string
	found bool
}
