package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// kongMembers are what Kong adds to the configuration of an instance, beside names that start with
// two underscores (kong/runloop/plugins_iterator.lua and kong/db/schema for "$refs").
var kongMembers = [...]string{"route_id", "service_id", "consumer_id", "consumer_group_id", "plugin_instance_name", "$refs"}

// parseTree reads one JSON object without Kong's own members. Numbers stay as they were written.
func parseTree(data []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var tree map[string]any
	if err := dec.Decode(&tree); err != nil {
		return nil, fmt.Errorf("reading the configuration as a JSON object: %w", err)
	}
	if tree == nil {
		return nil, errors.New("reading the configuration as a JSON object: it is null")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("reading the configuration: data after the JSON object")
	}
	for _, name := range kongMembers {
		delete(tree, name)
	}
	for name := range tree {
		if strings.HasPrefix(name, "__") {
			delete(tree, name)
		}
	}
	dropRefs(tree)
	return tree, nil
}

// dropRefs removes "$refs", which Kong puts into each record that held a vault reference.
func dropRefs(value any) {
	switch v := value.(type) {
	case map[string]any:
		delete(v, "$refs")
		for _, member := range v {
			dropRefs(member)
		}
	case []any:
		for _, element := range v {
			dropRefs(element)
		}
	}
}

// Canonical returns the configuration without Kong's own members, with sorted names: the same
// bytes for the same content, whatever worker, route or reload it came from.
func Canonical(config []byte) ([]byte, error) {
	tree, err := parseTree(config)
	if err != nil {
		return nil, err
	}
	return json.Marshal(tree)
}
