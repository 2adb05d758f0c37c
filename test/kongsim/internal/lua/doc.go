// Package lua models the values that cross Kong's Lua side of the plugin
// protocol, with the losses that crossing brings.
//
// A value is nil, a bool, a float64, a string, a []any (a table with an array
// part) or a map[string]any. Kong converts between these and protobuf's Value
// in kong/runloop/plugin_servers/rpc/pb_rpc.lua, and the quirks of that code
// are kept: a false that a plugin sends arrives as nil, a null as the string
// "NULL_VALUE", an empty list goes back as an empty map, and every number is
// a float64.
package lua
