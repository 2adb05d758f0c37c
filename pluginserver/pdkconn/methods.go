package pdkconn

import (
	"regexp"
	"strings"
	"sync"

	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/emptypb"
)

// exitMethod is the one call that Kong never answers.
const exitMethod = "kong.response.exit"

// kind tells what happens after a call.
type kind uint8

const (
	answered kind = iota // Kong answers, and somebody waits for it
	silent               // Kong answers with an empty frame that nobody waits for
	final                // Kong never answers
)

// method is one PDK call.
type method struct {
	name string
	kind kind
}

// methodOf finds a call by its name. One that the protocol does not declare is sent all the same:
// Kong says that it does not know it.
func methodOf(name []byte) method {
	if m, ok := methods()[string(name)]; ok {
		return m
	}
	return method{name: "an undeclared method", kind: answered}
}

// isMethod tells whether a frame that should hold arguments is a method's name instead. No argument
// starts with a "k", which would be the tag of a field 13: the protocol's messages have none.
func isMethod(payload []byte) bool {
	if len(payload) == 0 || payload[0] != 'k' {
		return false
	}
	_, ok := methods()[string(payload)]
	return ok
}

// methods returns the PDK calls by name, read from the protocol's own service declaration.
var methods = sync.OnceValue(func() map[string]method {
	all := map[string]method{}
	empty := (&emptypb.Empty{}).ProtoReflect().Descriptor().FullName()
	services := pb.File_server_kong_plugin_protocol_pluginsocket_proto.Services()
	for i := range services.Len() {
		declared := services.Get(i).Methods()
		for j := range declared.Len() {
			m := method{name: methodName(services.Get(i), declared.Get(j))}
			switch {
			case m.name == exitMethod:
				m.kind = final
			case declared.Get(j).Output().FullName() == empty:
				m.kind = silent
			}
			all[m.name] = m
		}
	}
	return all
})

var wordBoundary = regexp.MustCompile(`([a-z]\d*)([A-Z])`)

// methodName is the name on the wire, made as Kong makes it (pb_rpc.lua, load_service).
func methodName(service protoreflect.ServiceDescriptor, m protoreflect.MethodDescriptor) string {
	if name, ok := proto.GetExtension(m.Options(), pb.E_MethodName).(string); ok && name != "" {
		return name
	}
	name := strings.ReplaceAll(string(service.Name())+"."+string(m.Name()), "_", ".")
	return strings.ToLower(wordBoundary.ReplaceAllString(name, "${1}_$2"))
}
