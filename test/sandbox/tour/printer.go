package tour

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// printer writes the tour for a reader: one block a stop, requests as one would type them.
type printer struct {
	to     io.Writer
	colour bool
}

// newPrinter uses colours where a terminal reads, unless NO_COLOR is set (no-color.org).
func newPrinter(to *os.File) *printer {
	info, err := to.Stat()
	isTerminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &printer{to: to, colour: isTerminal && os.Getenv("NO_COLOR") == ""}
}

// The colours, as the parameters of a terminal's SGR.
const (
	bold  = "1"
	dim   = "2"
	red   = "31"
	green = "32"
)

func (p *printer) paint(colour, text string) string {
	if !p.colour {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// line writes one. The reader who has left needs none.
func (p *printer) line(format string, args ...any) { _, _ = fmt.Fprintf(p.to, format+"\n", args...) }

func (p *printer) title(number int, title string) {
	p.line("\n%s", p.paint(bold, fmt.Sprintf("%2d  %s", number, title)))
}

func (p *printer) request(method, url string, headers []header) {
	p.line("    %s %s", p.paint(dim, "$"), curl(method, url, headers))
}

// curl is the request as a command, long values cut.
func curl(method, url string, headers []header) string {
	command := "curl"
	if method != http.MethodGet {
		command += " -X " + method
	}
	command += " " + url
	for _, h := range headers {
		if h.value == "" {
			command += fmt.Sprintf(" -H '%s;'", h.name) // curl's way to send a header without a value
			continue
		}
		command += fmt.Sprintf(" -H '%s: %s'", h.name, shortened(h.value, 26))
	}
	return command
}

func shortened(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

func (p *printer) reply(r reply) {
	p.line("      %s", p.paint(bold, fmt.Sprintf("%d %s", r.status, http.StatusText(r.status))))
	for _, name := range []string{"WWW-Authenticate", "Retry-After", "RateLimit-Limit", "RateLimit-Remaining"} {
		if value := r.headers.Get(name); value != "" {
			p.line("      %s: %s", name, shortened(value, 100))
		}
	}
	if len(r.upstream().Headers) == 0 {
		p.line("      %s", p.paint(dim, summary(r)))
	}
}

// summary is what matters of an answer's body in one line.
func summary(r reply) string {
	const width = 110
	text := r.text()
	if text == "" {
		text = strings.Join(strings.Fields(string(r.body)), " ")
	}
	return shortened(text, width)
}

// upstream prints who the upstream was told the client is.
func (p *printer) upstream(seen http.Header) {
	var names []string
	for name := range seen {
		if strings.HasPrefix(name, "X-Consumer-") || strings.HasPrefix(name, "X-Credential-") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		p.line("      %s %s: %s", p.paint(dim, "upstream saw"), name, strings.Join(seen[name], ", "))
	}
}

func (p *printer) burst(n int, url string, headers []header, b burst) {
	command := fmt.Sprintf("seq %d | xargs -P %d -I{} %s", n, burstWidth, curl(http.MethodGet, url, headers))
	p.line("    %s %s", p.paint(dim, "$"), command)
	p.line("      %s", p.paint(bold, fmt.Sprintf("%d × 200, %d × 429, in %d ms", b.admitted, b.limited, b.took.Milliseconds())))
	if b.limited > 0 {
		p.line("      Retry-After: %s", b.rejection.headers.Get("Retry-After"))
		p.line("      %s", p.paint(dim, summary(b.rejection)))
	}
}

func (p *printer) verdict(holds bool, why string) {
	mark := p.paint(green, "✓")
	if !holds {
		mark = p.paint(red, "✗")
	}
	p.line("  %s %s", mark, why)
}

func (p *printer) last(passed, failed int, took time.Duration) {
	text, colour := fmt.Sprintf("%d of %d as expected, in %.1f s", passed, passed+failed, took.Seconds()), green
	if failed > 0 {
		colour = red
	}
	p.line("\n%s", p.paint(colour, text))
}
