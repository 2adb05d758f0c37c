// Package sandbox runs all of Tollgate on one machine, for `make run`, the tour and the integration
// tests: Redis, an issuer of tokens, an upstream that echoes, and the plugin server's own entrypoint,
// `pluginserver run`, with a gateway below it.
//
//	client ─► gateway ─► echo             the gateway: kongsim, or the kong of the PATH
//	             │  unix socket
//	             ▼
//	        pluginserver ─► Redis, issuer
//
// Issuer and echo live in this process; the rest are processes of their own, as in production. Everything
// on disk lies in one temporary folder. Close leaves neither a process nor a file behind, and a process
// that is killed takes its children with it.
package sandbox
