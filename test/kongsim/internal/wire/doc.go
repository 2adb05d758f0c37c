// Package wire is Kong's side of the plugin server's socket: frames written
// as Kong writes them, connections with Kong's read timeout, and a pool that
// behaves like an OpenResty cosocket's keepalive pool.
//
// Failures are named with nginx's words ("closed", "timeout", "connection
// refused"), because Kong decides by those words whether it retries.
package wire
