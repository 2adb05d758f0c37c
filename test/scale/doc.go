// Package scale holds no code: its tests measure what a request costs tiered-limit and its Redis, and how
// that grows with the consumers, the connections and the shards. They run the plugin server's own binary and
// real redis-servers, and load the server over its socket as Kong's workers do.
//
// The suite only sees that the measuring works. `make scale` measures, and prints the tables of test/SCALE.md.
package scale
