package headerguard

const contentLength = "content-length"

// framing demands that everybody on the way finds the end of the body at the same place (RFC 9112, section
// 6.3). nginx refuses most of what breaks it; what it lets through is a Connection that names
// Content-Length, which Kong 3.9.3 then removes (CVE-2026-6338).
type framing struct{}

func (framing) examine(q request, found []fault) []fault {
	lines := q.headers.Lines(contentLength)
	for _, line := range lines {
		if !isNumber(line) || line != lines[0] {
			return append(found, framingFault(lines, line))
		}
	}
	if len(lines) > 0 && len(q.headers.Lines("transfer-encoding")) > 0 || named(q.connection, contentLength) {
		return append(found, framingFault(lines, last(lines)))
	}
	return found
}

func framingFault(lines []string, value string) fault {
	return fault{header: contentLength, name: contentLength, reason: ContentLength, came: len(lines) > 0, value: value}
}

func isNumber(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

func (framing) text() string {
	return "Content-Length is one number, stands alone, and Connection does not name it"
}
