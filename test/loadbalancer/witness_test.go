package loadbalancer

import (
	"testing"
	"time"

	"tollgate/test/witnessvector"
)

func TestTheProxySignsTheSharedExamples(t *testing.T) {
	for _, v := range witnessvector.Load(t, "../..").Accepted {
		t.Run(v.Name, func(t *testing.T) {
			w := witness{
				at: time.Unix(v.Time, 0), method: v.Method, target: v.RequestTarget(), host: v.Host,
				received: linesOf(v.Received), sent: linesOf(v.Sent),
			}
			if text, _ := w.covered(); text != v.Covered {
				t.Errorf("covered %q, want %q", text, v.Covered)
			}
			if value := w.sign(v.Secret); value != v.Value {
				t.Errorf("value %s, want %s", value, v.Value)
			}
		})
	}
}

func TestTheProxyKeepsTheRoom(t *testing.T) {
	for _, h := range witnessvector.Heads() {
		t.Run(h.Name, func(t *testing.T) {
			host := Line{"Host", "a"}
			w := witness{
				at: time.Unix(1767225600, 0), method: "GET", target: h.Path, host: "a",
				received: append(linesOf(h.Received), host), sent: append(linesOf(h.Sent), host),
			}
			if value := w.sign(secret); witnessvector.ListsOf(value) != h.Want || len(value) > witnessRoom {
				t.Errorf("witness of %d bytes: %.80s, want its lists %s", len(value), value, h.Want)
			}
		})
	}
}

func linesOf(pairs [][2]string) (lines []Line) {
	for _, pair := range pairs {
		lines = append(lines, Line{pair[0], pair[1]})
	}
	return lines
}
