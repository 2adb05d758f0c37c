package headerguard

import "strings"

const connectionHeader = "connection"

// connection demands that Connection names no header that is meant for the upstream. After the plugins ran,
// Kong 3.9.3 removes each header that Connection names (RFC 9110, section 7.6.1; kong/runloop/handler.lua),
// those too that the gateway has set: a client could take off its own consumer's name. So a name counts
// whether such a header came or not.
type connection struct{}

func (connection) examine(q request, found []fault) []fault {
	for _, line := range q.connection {
		for option := range strings.SplitSeq(line, ",") {
			option = strings.TrimSpace(option)
			if !concernsConnection(option) && !strings.EqualFold(option, contentLength) {
				return append(found, fault{header: connectionHeader, reason: HopByHop, name: connectionHeader, came: true, value: line})
			}
		}
	}
	return found
}

// plainConnection tells of what nearly all requests have that Kong takes no header off for it: these words alone.
// Of two lines Kong makes one, in which each word is a header's name.
func plainConnection(lines []string) bool {
	return len(lines) == 1 && (lines[0] == "keep-alive" || lines[0] == "close")
}

func (connection) text() string { return "Connection names no header that is meant for the upstream" }

// concernsConnection tells whether an option of Connection is one of this connection, and no header that
// goes on. Content-Length, which goes on as well, is framing's.
func concernsConnection(option string) bool {
	for _, known := range [...]string{
		"", "keep-alive", "close", "upgrade", "te", "trailer", "trailers", "transfer-encoding", "http2-settings", "proxy-connection",
	} {
		if strings.EqualFold(option, known) {
			return true
		}
	}
	return false
}

// named tells whether a line of Connection names the header, so that Kong removes it, in this spelling only.
// Upgrade is the exception: it must stand there, and Kong sends on that of a WebSocket.
func named(connection []string, name string) bool {
	if name == "upgrade" {
		return false
	}
	for _, line := range connection {
		for option := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(option), name) {
				return true
			}
		}
	}
	return false
}
