// Package headerguard is Kong's plugin header-guard: it tells whether a request still holds the
// headers that a route needs, and holds none that only the gateway may set; which header is at fault, why,
// and where it was lost. It stands in front of every authentication plugin (priority 1990), because those
// answer 401 to a header that a load balancer took away and to one that the client never sent alike.
//
// # What a rule finds
//
// A header counts if it came under its exact name, goes on, and each line of it is sound: an upstream may
// read the first line, the last or all of them. The first of these that holds is the reason:
//
//   - alias: another spelling came, with underscores for dashes or the other way round, instead of it or
//     beside it. Kong runs nginx with underscores_in_headers on, and its own look-ups take X_Api_Key for
//     X-Api-Key, as many an upstream does: nobody knows which one it reads.
//   - missing: no line came, and the rule requires one.
//   - hop_by_hop: Connection names it (RFC 9110, section 7.6.1), and Kong takes it off after the plugins
//     ran. Upgrade is not concerned: it always stands there, and Kong sends on that of a WebSocket.
//   - duplicate: more than max_count lines came; one, unless the header is a list by its definition.
//   - blank: a line is empty, or holds only spaces and tabs. A BIG-IP's Request Header Erase
//     overwrites a value with spaces, and nginx cuts those off: what is left is an empty value.
//   - not_utf8: a line is no UTF-8, which protobuf, JSON and most upstreams refuse.
//   - too_short, too_long: a line is outside of min_length and max_length, in bytes.
//   - not_allowed: a line is none of one_of.
//   - pattern: a line does not match the rule's RE2 expression, which is not anchored: write ^ and $.
//
// A group of any_of is satisfied by one sound header; each of its headers is reported otherwise.
//
// # What checks find
//
//   - untrusted_peer: the TCP peer is not in trusted_peers: the request came around the load balancer.
//   - content_length: Content-Length is no number, several that differ, stands beside Transfer-Encoding
//     (RFC 9112, section 6.3), or Connection names it (CVE-2026-6338). nginx refuses the first three itself.
//   - hop_by_hop: Connection names a header that is meant for the upstream, whether it came or not: Kong
//     would take off one that the gateway has set, too.
//   - spoofed: the client sent, in any spelling, what only the gateway sets.
//   - host_mismatch: Host is none of hosts, or none came; or the target is absolute, and names another host than
//     Host does (RFC 9112, section 3.2.2), which Kong takes for the host.
//   - forwarded_for: X-Forwarded-For did not come, holds what is no address, or more than max_hops.
//   - forwarded_proto: X-Forwarded-Proto is not one line with one of the accepted values.
//   - forwarded_host: X-Forwarded-Host came, and is not one host, or none of hosts.
//   - alias: one of these, or X-Forwarded-Port, -Prefix or -Path, came in another spelling, which Kong may read.
//
// # What happens
//
// Every check is made, in this order: the peer, content_length, hop_by_hop, spoofed, hosts, authority, what presets
// expand to, rules, any_of. A check has a mode, its own or the configuration's. If one at fault enforces, the
// request is rejected with the status of the first that does, and RFC 9457 problem details; a 401 holds
// WWW-Authenticate: Bearer (RFC 9110, section 15.5.2, demands a challenge). If those at fault only audit, the
// request goes on as it came, except that audit_header is set where it is configured. Both write one JSON line
// to Kong's log (audit: a sample), the member tollgate.header_guard to its access log, and count.
//
// A request that is exempt by its method, path or peer is spared all but content_length, hop_by_hop and
// spoofed: what these find is in no preflight and in no probe. Its method does not spare it the checks of peer,
// hosts and authority either: a preflight comes the same way as others, and has a Host. Methods, paths and most
// facts about a request are asked of Kong only when something is at fault: a passing request costs one call; the
// peer, where peers are watched, and the request line, where hosts are, go in the same turn.
//
// The place of a fault is where the header was lost or added, as far as a witness of the load balancer
// tells (kong/f5/README.md), unknown without one. What the client sent is there what the first iRule saw: LTM
// policies act before it, as do an outer load balancer and a rule that calls HTTP::retry, and what they did
// reads as the client's doing. The witness, and a client's copy of audit_header, are
// removed from every request, in each spelling.
//
// No value of a header leaves the plugin but as its length, and as a keyed fingerprint where there is a key;
// no name that the client made up does. nginx appends the request line, Host and Referer to each line in Kong's
// log, whoever writes it: README.md says how to cut them off.
//
// If Kong does not hand over the headers, or hands over 1000 lines, behind which there may be more before
// Kong 3.9.3 (nginx's max_headers), the answer is 500 or 431 where any check enforces; where all only audit, the
// request passes, without what only this plugin may tell. What Kong does not tell of a request at fault is held against it:
// rules for certain methods hold, exemptions do not, and the peer is not trusted.
package headerguard
