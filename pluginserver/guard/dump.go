package guard

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	headerguard "tollgate/plugins/header-guard"
)

// maxInput is far above any request's headers that nginx takes.
const maxInput = 1 << 20

// dump is a request as it was read.
type dump struct {
	headerguard.Request
	// dropped are the numbers of the lines whose header nginx would drop.
	dropped []int
	// others is how many more requests the dump holds.
	others int
}

// readDump reads a raw request, or what curl -v prints of one. Its errors name lines, and show nothing of them.
func readDump(stdin io.Reader) (*dump, error) {
	text, err := io.ReadAll(io.LimitReader(stdin, maxInput+1))
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	if len(text) > maxInput {
		return nil, errors.New("reading the request: the input is too large")
	}
	lines := numbered(string(text))
	d := &dump{}
	if sent := sentByCurl(lines); sent != nil {
		lines = d.first(sent)
	}
	return d, d.read(lines)
}

// line is one of the input, without its end.
type line struct {
	number int
	text   string
}

func numbered(text string) []line {
	var lines []line
	for part := range strings.Lines(text) {
		lines = append(lines, line{len(lines) + 1, strings.TrimSuffix(strings.TrimSuffix(part, "\n"), "\r")})
	}
	return lines
}

// sentByCurl are the lines that curl marks as sent, without the mark; nil where it marks none, and where the
// first line begins a raw request: then a mark is in its body.
func sentByCurl(lines []line) []line {
	for _, l := range lines {
		if startLine.MatchString(l.text) && l.text[0] != '*' { // * is how curl marks its remarks
			return nil
		}
		if l.text != "" {
			break
		}
	}
	var sent []line
	for _, l := range lines {
		if text, ok := strings.CutPrefix(l.text, ">"); ok {
			sent = append(sent, line{l.number, strings.TrimPrefix(text, " ")})
		}
	}
	return sent
}

// first leaves the first request of several, as where curl follows a redirect. One that opens a tunnel
// through a proxy is none that Kong gets.
func (d *dump) first(lines []line) []line {
	var requests [][]line
	var head []line
	for _, l := range lines {
		if head = append(head, l); l.text != "" {
			continue
		}
		if !strings.HasPrefix(head[0].text, "CONNECT ") {
			requests = append(requests, head)
		}
		head = nil
	}
	if len(requests) == 0 {
		return head
	}
	d.others = len(requests) - 1
	return requests[0]
}

var (
	startLine = regexp.MustCompile(`^[!#$%&'*+.^_|~0-9A-Za-z-]+ +\S.* HTTP/[0-9](\.[0-9])?$`)
	// nginx drops headers with other names (ignore_invalid_headers; Kong lets underscores pass).
	validName = regexp.MustCompile(`^[0-9A-Za-z_-]+$`)
	token     = regexp.MustCompile(`^[!#$%&'*+.^_|~0-9A-Za-z-]+$`)
)

// read takes the request's head: up to an empty line, behind which its body would be.
func (d *dump) read(lines []line) error {
	for len(lines) > 0 && lines[0].text == "" {
		lines = lines[1:] // RFC 9112, section 2.2
	}
	if len(lines) == 0 {
		return errors.New("reading the request: there is none on the standard input")
	}
	if !startLine.MatchString(lines[0].text) {
		return fmt.Errorf("reading the request: line %d is not like GET /path HTTP/1.1", lines[0].number)
	}
	d.Line, d.Headers = lines[0].text, map[string][]string{}
	for _, l := range lines[1:] {
		if l.text == "" {
			break
		}
		if err := d.header(l); err != nil {
			return fmt.Errorf("reading the request: line %d %w", l.number, err)
		}
	}
	return nil
}

var (
	errFolded   = errors.New("begins with white space: it continues the line before it, which nginx refuses")
	errNoHeader = errors.New("is no header, which is a name, a colon and a value")
)

func (d *dump) header(l line) error {
	if l.text[0] == ' ' || l.text[0] == '\t' {
		return errFolded
	}
	name, value, ok := strings.Cut(l.text, ":")
	switch {
	case !ok || !token.MatchString(name):
		return errNoHeader
	case !validName.MatchString(name):
		d.dropped = append(d.dropped, l.number)
	default:
		name = strings.ToLower(name)
		d.Headers[name] = append(d.Headers[name], strings.Trim(value, " ")) // as nginx trims
	}
	return nil
}

// refused says why nginx answers 400 before any plugin sees the request; empty where it does not.
func (d *dump) refused() string {
	for _, name := range []string{"authorization", "content-length", "host"} {
		if len(d.Headers[name]) > 1 {
			return "several lines of " + name
		}
	}
	if len(d.Headers["host"]) == 0 && strings.HasSuffix(d.Line, " HTTP/1.1") {
		return "no host"
	}
	if len(d.Headers["content-length"]) > 0 && len(d.Headers["transfer-encoding"]) > 0 {
		return "content-length and transfer-encoding"
	}
	return ""
}
