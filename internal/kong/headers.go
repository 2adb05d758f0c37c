package kong

import (
	"errors"
	"fmt"

	"github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Headers returns the request's headers, all values of each, by lower-case name, each name in the
// spelling that came (X_Api_Key is not x-api-key here). Unlike go-pdk's GetHeaders it does not fail
// where a value is no UTF-8: HTTP allows such bytes (RFC 9110, section 5.5), protobuf's strings do
// not. Of more than MaxHeaders header lines it sees the first MaxHeaders.
func (r *Request) Headers() (map[string][]string, error) {
	// A message without fields keeps the reply's bytes as they are, as unknown fields.
	reply := &emptypb.Empty{}
	args := &kong_plugin_protocol.Int{V: MaxHeaders}
	if err := r.Request.Ask("kong.request.get_headers", args, reply); err != nil {
		return nil, fmt.Errorf("asking for the request's headers: %w", err)
	}
	headers, err := decodeHeaders(reply.ProtoReflect().GetUnknown())
	if err != nil {
		return nil, fmt.Errorf("reading the request's headers: %w", err)
	}
	return headers, nil
}

// Field numbers of google/protobuf/struct.proto.
const (
	structEntry protowire.Number = 1
	entryKey    protowire.Number = 1
	entryValue  protowire.Number = 2
	valueString protowire.Number = 3
	valueList   protowire.Number = 6
	listElement protowire.Number = 1
)

// decodeHeaders reads a google.protobuf.Struct whose values are strings or lists of strings.
func decodeHeaders(message []byte) (map[string][]string, error) {
	headers := make(map[string][]string, 16) // about what a browser sends
	var broken error
	err := each(message, func(entry []byte) {
		var name string
		var values []string
		keep := func(text []byte) { values = append(values, string(text)) }
		broken = errors.Join(broken,
			each(entry, func(key []byte) { name = string(key) }, entryKey),
			each(entry, keep, entryValue, valueString),
			each(entry, keep, entryValue, valueList, listElement, valueString))
		headers[name] = values
	}, structEntry)
	return headers, errors.Join(err, broken)
}

// each visits the bytes of every field that a path of field numbers leads to.
func each(message []byte, visit func([]byte), path ...protowire.Number) error {
	for len(message) > 0 {
		num, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		if n = protowire.ConsumeFieldValue(num, kind, message); n < 0 {
			return protowire.ParseError(n)
		}
		field := message[:n]
		message = message[n:]
		if num != path[0] || kind != protowire.BytesType {
			continue
		}
		content, _ := protowire.ConsumeBytes(field)
		if len(path) == 1 {
			visit(content)
		} else if err := each(content, visit, path[1:]...); err != nil {
			return err
		}
	}
	return nil
}
