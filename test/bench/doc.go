// Package bench compares the plugin server with go-pdk's stock server, without Kong: each runs the
// same handler in a process of its own, behind a real unix socket, and a client beside them writes
// and reads as Kong does. What it cannot show is Kong's own share.
package bench
