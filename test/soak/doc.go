// Package soak runs a gateway with all three plugins under mixed traffic and trouble, and looks at what the plugin
// server and its parent hold: goroutines, files, memory, instances, connections, keys in Redis.
//
// The suite has a minute of it. TOLLGATE_SOAK=20m go test -v -timeout 1h -run Soak ./test/soak soaks for that long at
// twice the rate, and prints a table in Markdown; GATEWAY=kong has a real Kong in front. SOAK.md one folder up has
// the figures of such runs.
package soak
