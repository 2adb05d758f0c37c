package deck

import (
	"fmt"
	"slices"
)

// node is one object of the file while it is read. It notes every problem
// instead of stopping at the first, and which members were asked for, so that
// the others can be refused.
type node struct {
	path     string
	members  map[string]any
	asked    map[string]bool
	problems *[]error
}

func newNode(path string, members map[string]any, problems *[]error) *node {
	return &node{path: path, members: members, asked: map[string]bool{}, problems: problems}
}

func (n *node) complain(key, format string, args ...any) {
	path := n.path
	if key != "" && path != "" {
		path += "."
	}
	*n.problems = append(*n.problems, fmt.Errorf("%s%s: %s", path, key, fmt.Sprintf(format, args...)))
}

// get is nil for a member that is absent or null.
func (n *node) get(key string) any {
	n.asked[key] = true
	return n.members[key]
}

func (n *node) has(key string) bool { return n.members[key] != nil }

func (n *node) text(key, fallback string) string {
	switch value := n.get(key).(type) {
	case nil:
		return fallback
	case string:
		return value
	default:
		n.complain(key, "must be a string, got %v", value)
		return fallback
	}
}

func (n *node) boolean(key string, fallback bool) bool {
	switch value := n.get(key).(type) {
	case nil:
		return fallback
	case bool:
		return value
	default:
		n.complain(key, "must be true or false, got %v", value)
		return fallback
	}
}

func (n *node) integer(key string, fallback int) int {
	switch value := n.get(key).(type) {
	case nil:
		return fallback
	case uint64:
		return int(value)
	case int64:
		return int(value)
	default:
		n.complain(key, "must be an integer, got %v", value)
		return fallback
	}
}

func (n *node) texts(key string, fallback ...string) []string {
	value := n.get(key)
	if value == nil {
		return fallback
	}
	list, ok := value.([]any)
	if !ok {
		n.complain(key, "must be a list of strings, got %v", value)
		return fallback
	}
	out := make([]string, 0, len(list))
	for i, element := range list {
		if s, ok := element.(string); ok {
			out = append(out, s)
		} else {
			n.complain(fmt.Sprintf("%s[%d]", key, i), "must be a string, got %v", element)
		}
	}
	return out
}

func (n *node) object(key string) map[string]any {
	value := n.get(key)
	m, ok := value.(map[string]any)
	if value != nil && !ok {
		n.complain(key, "must be an object, got %v", value)
	}
	return m
}

// children are the objects of a list.
func (n *node) children(key string) []*node {
	value := n.get(key)
	list, ok := value.([]any)
	if value != nil && !ok {
		n.complain(key, "must be a list, got %v", value)
	}
	var out []*node
	for i, element := range list {
		path := fmt.Sprintf("%s[%d]", key, i)
		m, ok := element.(map[string]any)
		if !ok {
			n.complain(path, "must be an object, got %v", element)
			continue
		}
		if n.path != "" {
			path = n.path + "." + path
		}
		out = append(out, newNode(path, m, n.problems))
	}
	return out
}

// refuseRest complains about the members that nobody asked for.
func (n *node) refuseRest() {
	var rest []string
	for key := range n.members {
		if !n.asked[key] {
			rest = append(rest, key)
		}
	}
	slices.Sort(rest)
	for _, key := range rest {
		n.complain(key, "not known to kongsim")
	}
}
