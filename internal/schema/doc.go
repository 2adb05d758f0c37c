// Package schema is the language in which a plugin declares its configuration, once.
//
// From that one declaration come
//
//   - the schema in Kong's own language, for the dump that Kong's query_cmd reads (Plugin.Kong),
//   - the defaults and the validation in Go (Record.Decode),
//   - the table of configuration in the plugin's README (Plugin.Table),
//   - a proof that the plugin's Go struct has the same fields (Record.Conform).
//
// The rules and their meaning are those of Kong 3.9's kong/db/schema: match takes a Lua pattern,
// a string is at least one byte long unless its default is empty, an explicit null is an absent
// value that suppresses the default, and a record is filled in when it is absent unless it is
// declared Optional.
package schema
