// Package kongsim is a stand-in for Kong Gateway in tests and in the sandbox:
// a small reverse proxy that plays Kong's side of the plugin protocol over
// the real unix socket of the real plugin server. It is not Kong, and says so
// in the Server and Via headers of its responses.
//
// What a plugin can notice is played as Kong 3.9.3 does it, quirks included:
// the order and lookup of plugin configs, an instance per worker and its
// replacement on reload, frames in two writes, pooled connections, the PDK's
// arguments, replies and phase checks, exits that are never answered, retries
// of events whose connection was closed. Where the source decides, the name
// of Kong's function stands in a comment.
//
// What is left out: TLS, HTTP/2, gRPC, WebSocket, upstreams and retries of
// the upstream, header routes, vaults but the environment's, all phases but
// rewrite and access, all bundled plugins but key-auth, and how Kong enforces
// schemas: their defaults are applied, their rules are not. Go's HTTP server stands
// for nginx's parser; so a Content-Length that stands twice with the same
// value, or beside Transfer-Encoding, is not refused, and the order among
// headers of different names is lost.
//
// The tests of this package run on a real Kong too, which is how the above is
// known: GATEWAY=kong go test ./test/kongsim, with a Kong 3.9 on the PATH.
// Those of what only kongsim has are skipped there.
//
// Two things are kinder than Kong, and loud about it: an unknown PDK method is
// counted and logged as an alert, and the endless retry of an event ends when
// the client has left or after Options.MaxRetries.
package kongsim
