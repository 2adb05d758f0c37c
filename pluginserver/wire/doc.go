// Package wire reads and writes the frames of Kong's plugin protocol: a little-endian uint32 length
// and that many bytes (kong/runloop/plugin_servers/rpc/pb_rpc.lua, read_frame and write_frame).
//
// Kong writes a frame in two pieces and reads nothing ahead, so a reader sees arbitrary splits, and
// may see several frames at once.
package wire
