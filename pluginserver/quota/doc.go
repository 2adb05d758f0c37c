// Package quota is what an operator does to the counts of the plugin tiered-limit: show them, grant more,
// set them back.
//
// # Whose counts
//
// The declarative configuration says which instances of the plugin count a consumer's requests, under which
// key and within which limits. The plugin's own code reads it (tieredlimit.Plan), so that both mean the same.
// On each route Kong runs one instance, the one that is bound most closely; an instance that runs nowhere is
// no count. Instances that share a count, such as two services within one namespace, are a line each, and a
// change is made once. From an address, and with a credential that the files do not know, any consumer may
// come: instances that are bound to one are looked at too.
//
// An instance that cannot be read, because the plugin refuses its configuration or its password is in a
// vault, is noted with its problem, and so is one whose counts have no lasting name. That is an error only
// where nothing else is found. Instances of consumer groups, which Kong Enterprise has, are noted.
//
// A key holds the consumer's id. One that the files do not tell is as a Kong without a database derives it
// from the username. With a database it is random: Kong's Admin API knows it. So it is with services and
// routes, where counts are kept by them. A consumer with neither id nor username, and key-auth credentials
// without an id, get another id each time that Kong reads the file: their counts cannot be found, and start
// anew then.
//
// What a token claims to be its tier nobody knows here, nor whose tags are meant where everybody's requests
// from an address count as one: --tier says it.
//
// # What a change does
//
// A grant is added to the quota of the day, by the clock of Redis and in the tier's zone; grants add up and
// end with the day. A reset forgets what the day has used and what was granted to it, and leaves the rate
// alone. Each is one atomic step. Then a generation is set in Redis, by which gateways learn within a second
// to forget whom they refuse from memory. Nothing is changed unless all counts could be read.
package quota
