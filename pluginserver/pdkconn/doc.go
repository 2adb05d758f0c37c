// Package pdkconn is the connection that go-pdk sees during an event. It gives go-pdk's calls, which
// each write twice and wait for a reply, the shape that costs least:
//
//   - calls are collected, and written when an answer is needed or the event ends, in one write;
//   - a call that returns nothing is not waited for: go-pdk gets an empty reply at once, and Kong's
//     own is skipped before the next read. Kong reads calls one after another from the socket and
//     answers them in order, so nothing changes but the waiting (observed on Kong 3.9.3);
//   - a call whose answer will be wanted later can go out with the next one (Ahead), and is not waited for
//     then;
//   - kong.response.exit, which Kong never answers, ends the event.
package pdkconn
