package kong

import (
	"encoding/binary"
	"io"
	"net"
	"slices"
	"testing"
)

// notebook is a connection that notes calls as they are on the wire, and answers each with nothing.
type notebook struct {
	net.Conn
	ahead, asked []byte
	owed         int // bytes of answers that were not read
}

func (n *notebook) Ahead(method string, args []byte) { n.ahead = appendCall(n.ahead, method, args) }

func (n *notebook) Ask(method string, args []byte) ([]byte, error) {
	n.asked = appendCall(n.asked, method, args)
	return nil, nil
}

func (*notebook) Send(string, []byte) error { return nil }

// Write takes go-pdk's calls.
func (n *notebook) Write(p []byte) (int, error) {
	n.asked = append(n.asked, p...)
	n.owed = 4
	return len(p), nil
}

func (n *notebook) Read(p []byte) (int, error) {
	if n.owed == 0 {
		return 0, io.EOF
	}
	size := min(n.owed, len(p))
	clear(p[:size])
	n.owed -= size
	return size, nil
}

func appendCall(to []byte, method string, args []byte) []byte {
	to = append(binary.LittleEndian.AppendUint32(to, uint32(len(method))), method...)
	return append(binary.LittleEndian.AppendUint32(to, uint32(len(args))), args...)
}

// An answer that came ahead is found by the bytes of the question: both must be the same.
func TestWhatIsExpectedIsWhatIsAsked(t *testing.T) {
	for name, row := range map[string]struct{ expect, ask func(*Request) }{
		"the id":         {(*Request).ExpectID, func(r *Request) { r.ID() }},
		"a variable":     {func(r *Request) { r.ExpectVar("args") }, func(r *Request) { _, _ = r.Var("args") }},
		"a shared value": {func(r *Request) { r.ExpectShared("k") }, func(r *Request) { _, _ = r.Shared("k") }},
		"the peer":       {(*Request).ExpectPeer, func(r *Request) { _, _ = r.Peer() }},
		"the client":     {(*Request).ExpectForwardedIP, func(r *Request) { _, _ = r.Client.GetForwardedIp() }},
		"the credential": {(*Request).ExpectCredential, func(r *Request) { _, _ = r.Client.GetCredential() }},
		"the service":    {(*Request).ExpectService, func(r *Request) { _, _ = r.Router.GetService() }},
		"the route":      {(*Request).ExpectRoute, func(r *Request) { _, _ = r.Router.GetRoute() }},
	} {
		t.Run(name, func(t *testing.T) {
			n := &notebook{}
			r := NewRequest(n)
			row.expect(r)
			row.ask(r)
			if len(n.ahead) == 0 || !slices.Equal(n.ahead, n.asked) {
				t.Errorf("expected %q, asked %q", n.ahead, n.asked)
			}
		})
	}
}
