package server

import (
	"google.golang.org/protobuf/encoding/protowire"

	"tollgate/internal/plugin"
)

// eventCall is an RpcCall that has an instance handle plugin.Phase: the command of every request, which is read and
// answered without what package proto allocates.
type eventCall struct {
	sequence uint64
	instance int32
}

// Field numbers of go-pdk's pluginsocket.proto.
const (
	sequenceField = 1  // RpcCall, RpcReturn
	eventField    = 36 // RpcCall: a CmdHandleEvent
	instanceField = 1  // CmdHandleEvent
	phaseField    = 2  // CmdHandleEvent
)

// readEventCall reads a command as Kong writes it (lua-protobuf: fields once, in any order). All else, another command
// as what is malformed, is not ok, and left to package proto.
func readEventCall(b []byte) (call eventCall, ok bool) {
	var event []byte
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return call, false
		}
		b = b[n:]
		switch {
		case number == sequenceField && kind == protowire.VarintType && call.sequence == 0:
			call.sequence, n = protowire.ConsumeVarint(b)
		case number == eventField && kind == protowire.BytesType && event == nil:
			event, n = protowire.ConsumeBytes(b)
		default:
			return call, false
		}
		if n < 0 {
			return call, false
		}
		b = b[n:]
	}
	call.instance, ok = readEvent(event)
	return call, ok
}

// readEvent reads which instance is to handle plugin.Phase.
func readEvent(b []byte) (instance int32, ok bool) {
	var phase []byte
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return 0, false
		}
		b = b[n:]
		var value uint64
		switch {
		case number == instanceField && kind == protowire.VarintType && instance == 0:
			value, n = protowire.ConsumeVarint(b)
			instance = int32(value) // as proto does
		case number == phaseField && kind == protowire.BytesType && phase == nil:
			phase, n = protowire.ConsumeBytes(b)
		default:
			return 0, false
		}
		if n < 0 {
			return 0, false
		}
		b = b[n:]
	}
	return instance, string(phase) == plugin.Phase
}

// appendReturn appends the RpcReturn that answers it.
func (call eventCall) appendReturn(b []byte) []byte {
	if call.sequence == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, sequenceField, protowire.VarintType), call.sequence)
}
