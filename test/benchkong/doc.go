// Command benchkong measures a real Kong with the plugins, beside what Kong brings for the same purposes, and
// writes the results into test/BENCH.md and test/bench-kong.svg.
//
//	wrk ─► Kong, one worker ─► nginx
//	             │
//	             ▼
//	        plugin server ─► redis-server
//
// It is `make bench-kong`, and needs a kong, redis-server, wrk and nginx on the PATH. All of it runs on this machine,
// and shares its cores: figures hold beside each other, not for themselves. So the routes take turns, in rounds; a turn
// that other work on the machine disturbed is repeated; and what is told is the median of the rounds.
package main
