// Package headerguard is Kong's plugin header-guard: it tells whether a request still holds the
// headers that a route needs, and says which one does not and why. It stands in front of every
// authentication plugin (priority 1990), because those answer 401 to a header that a load balancer
// took away and to one that the client never sent alike.
//
// # What counts as present
//
// A header is present if it came under its exact name, goes on, and every line of it is sound: an upstream may
// read the first line, the last or all of them. The first line at fault gives the reason:
//
//   - missing: no line came under that name. Kong runs nginx with underscores_in_headers on, and its
//     own look-ups take X_Api_Key for X-Api-Key; here that alias does not count.
//   - hop_by_hop: Connection names it (RFC 9110, section 7.6.1), and Kong takes it off after the plugins
//     ran. Upgrade is not concerned: it always stands there, and Kong sends on that of a WebSocket.
//   - blank: a line is empty, or holds only spaces and tabs. A BIG-IP's Request Header Erase
//     overwrites a value with spaces, and nginx cuts those off: what is left is an empty value.
//   - not_utf8: a line is no UTF-8, which protobuf, JSON and most upstreams refuse.
//   - pattern: a line does not match the rule's RE2 expression, which is not anchored: write ^ and $.
//
// A group of any_of is satisfied by one sound header; each of its headers is reported otherwise.
//
// # What happens
//
// Every rule is checked, rules before any_of, and every violation is reported; the status is that of
// the first violated rule. In mode enforce the client gets RFC 9457 problem details, with
// WWW-Authenticate: Bearer where the status is 401 (RFC 9110, section 15.5.2, demands a challenge). In
// mode audit the request goes on unchanged. Both write one JSON line to Kong's log, the member
// tollgate.header_guard to its access log, and count. No value of a header leaves the plugin.
//
// If Kong does not hand over the headers, enforce answers 500 and audit lets the request pass. Kong
// hands over 1000 header lines at most: what comes after them is missing.
package headerguard
