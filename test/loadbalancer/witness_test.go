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
				at: time.Unix(v.Time, 0), method: v.Method, host: v.Host, path: v.Path, received: linesOf(v.Received), sent: linesOf(v.Sent),
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

func linesOf(pairs [][2]string) (lines []Line) {
	for _, pair := range pairs {
		lines = append(lines, Line{pair[0], pair[1]})
	}
	return lines
}
