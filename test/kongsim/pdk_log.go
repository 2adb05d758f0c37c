package kongsim

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"

	"tollgate/test/kongsim/internal/lua"
)

func logMethods() map[string]method {
	methods := map[string]method{
		"kong.log.set_serialize_value": withPair(authAndLater|rewritePhase, setSerializeValue),
		"kong.log.serialize":           notPlayed(logPhase),
	}
	for _, level := range []string{"alert", "crit", "err", "warn", "notice", "info", "debug"} {
		methods["kong.log."+level] = takes(anyPhase, func(e *event, arg *structpb.ListValue) ([]byte, error) {
			var line strings.Builder
			for _, part := range lua.FromList(arg) {
				line.WriteString(lua.ToString(part))
			}
			e.log(level, line.String())
			return nil, nil
		})
	}
	return methods
}

// serializeValue is a member that a plugin adds to the access log.
type serializeValue struct {
	key   string
	value any
}

func setSerializeValue(x *exchange, key string, value any) error {
	x.serialize = append(x.serialize, serializeValue{key, value})
	return nil
}

// place is the serializer's edit_result in mode "set": a dot in the key goes
// one level down.
func (s serializeValue) place(root map[string]any) error {
	node := root
	parts := strings.Split(s.key, ".")
	for _, part := range parts[:len(parts)-1] {
		switch below := node[part].(type) {
		case nil:
			next := map[string]any{}
			node[part], node = next, next
		case map[string]any:
			node = below
		default:
			return fmt.Errorf("The key '%s' could not be used as a serialize value. Subkey '%s' is not a table", s.key, part) //nolint:staticcheck // Kong's own words
		}
	}
	last := parts[len(parts)-1]
	if last == "" {
		return errors.New("a serialize value needs a name")
	}
	return assign(node, last, s.value)
}
