package integration

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"tollgate/test/eventually"
	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

//go:embed testdata/drain.yml
var drainConfig []byte

// keptConnections are those of each kind that are kept over a drain.
const keptConnections = 4

// startDrained starts a gateway whose upstream and issuer hold what they are asked, and returns the headers that its
// plugins ask for.
func startDrained(t *testing.T) (h *holder, s *sandbox.Sandbox, headers []string) {
	t.Helper()
	h = startHolder(t)
	s = start(t, sandbox.Options{Config: drainConfig, Values: map[string]string{
		"DECK_UPSTREAM_URL": h.url, "DECK_SLOW_ISSUER": h.issuer.URL(), "DECK_SLOW_JWKS_URI": h.issuer.JWKSURL(),
	}})
	return h, s, []string{"X-Tenant-Id: acme", bearerOf(t, s, issuer.Token{Client: "load-app"})}
}

// TestSIGQUITDrainsTheGateway is how Kong's image is stopped. What is under way, in the upstream and in a plugin, is
// answered whole. What is sent on a kept connection during the drain is served by all three plugins, or the connection
// is closed.
func TestSIGQUITDrainsTheGateway(t *testing.T) {
	h, s, headers := startDrained(t)
	below := descendants(t, s.PID())
	var idle, begun []kept
	for range keptConnections {
		idle = append(idle, keep(t, s, "/limited/again", bodyOf("/again"), headers...))
		begun = append(begun, keep(t, s, "/limited/again", bodyOf("/again"), headers...).begin(t))
	}
	inUpstream := h.send(t, shared.client, s.URL+"/limited/held", headers...)
	inPlugin := h.send(t, shared.client, s.URL+"/keyless/first", headers[0], h.bearer(t))

	d := drain{signalled: time.Now()}
	drainBegins(t, s)
	d.ended, d.again = serve(t, begun), serve(t, idle)
	// nginx reads what came before the signal first, and so does not take the connection for an idle one.
	if shared.gateway == sandbox.Kong && d.ended != len(begun) {
		t.Errorf("%d of %d requests were served that had begun before the signal", d.ended, len(begun))
	}
	d.released = time.Now()
	h.letGo()
	(<-inUpstream).isWhole(t, bodyOf("/held"))
	(<-inPlugin).isWhole(t, bodyOf("/first"))
	d.record(t, everythingIsGone(t, s, below, d.released))
}

// drainBegins tells the gateway to drain, and returns when that has begun.
func drainBegins(t *testing.T, s *sandbox.Sandbox) {
	t.Helper()
	s.Signal(syscall.SIGQUIT)
	eventually.Holds(t, 5*time.Second, "the gateway to take no more connections", func() bool { return !accepts(s) })
}

// TestSIGQUITDrainsAConnectionOfHTTP2 has a client ask for a second stream while the first is held.
func TestSIGQUITDrainsAConnectionOfHTTP2(t *testing.T) {
	realKongOnly(t)
	h, s, headers := startDrained(t)
	below, client := descendants(t, s.PID()), http2Client(t)
	first := h.send(t, client, s.TLSURL+"/limited/held", headers...)
	drainBegins(t, s)
	second, err := sendBy(client, s.TLSURL+"/limited/again", headers)
	became := "200"
	switch {
	case err == nil:
		second.isWhole(t, bodyOf("/again"))
	case errors.Is(err, syscall.ECONNREFUSED): // Go's client has begun another connection, as one that is told GOAWAY does
		became = "refused a new connection"
	case strings.Contains(err.Error(), "GOAWAY"), strings.Contains(err.Error(), "REFUSED_STREAM"): // RFC 9113, sections 6.8, 7
		became = "refused"
	default:
		t.Errorf("neither an answer nor a refusal: %v", err)
	}
	released := time.Now()
	h.letGo()
	(<-first).isWhole(t, bodyOf("/held"))
	everythingIsGone(t, s, below, released)
	shared.stress.held(t, "SIGQUIT: a stream on a connection of HTTP/2 that has another one held", "200, or refused; the held one is answered whole",
		became+"; the held one whole")
}

// serve sends what each connection has to send, and counts the answers.
func serve(t *testing.T, connections []kept) (answers int) {
	t.Helper()
	for _, k := range connections {
		if k.served(t) {
			answers++
		}
	}
	return answers
}

// drain is when a gateway was told to drain, when what it waited for was let go, and how many requests were served that
// ended and that began between the two.
type drain struct {
	signalled, released time.Time
	ended, again        int
}

func (d drain) record(t *testing.T, gone time.Time) {
	t.Helper()
	held := shared.stress.held
	held(t, "SIGQUIT: a request in the upstream, and one in a plugin that waits for keys", "both get their whole answer", "2 of 2 whole")
	held(t, "SIGQUIT: requests on kept connections during the drain", "200, or the connection is closed; no 5xx",
		fmt.Sprintf("%d of %d that had begun before got 200, %d of %d that had not; the others found it closed",
			d.ended, keptConnections, d.again, keptConnections))
	held(t, "SIGQUIT: until the last process is gone", fmt.Sprintf("%s after the last answer; no socket is left", goneWithin),
		fmt.Sprintf("%s after the last answer, %s after the signal", rounded(gone.Sub(d.released)), rounded(gone.Sub(d.signalled))))
}
