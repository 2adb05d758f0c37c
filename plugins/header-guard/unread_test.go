package headerguard

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/internal/kong"
	"tollgate/internal/plugin"
)

func TestAGuardThatCannotLookDoesNotLetPassUnlessItAudits(t *testing.T) {
	for mode, calls := range map[string][]string{
		modeEnforce: {"kong.request.get_headers", "kong.nginx.get_var", "kong.response.exit"},
		modeAudit:   {"kong.request.get_headers"},
	} {
		t.Run(mode, func(t *testing.T) {
			s := newStand(t, mode)
			if diff := cmp.Diff(calls, garbled(t, s.handler)); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if !strings.Contains(s.log.String(), "could not read a request's headers") {
				t.Errorf("log %q", &s.log)
			}
			s.decided(t, unread)
		})
	}
}

// garbled lets h handle a request whose headers come as a broken message, and returns its calls.
func garbled(t *testing.T, h plugin.Handler) []string {
	t.Helper()
	client, server := net.Pipe()
	var calls []string
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = server.Close() }()
		for {
			method, err := readFrame(server)
			if err != nil {
				return
			}
			if _, err = readFrame(server); err != nil {
				return
			}
			calls = append(calls, string(method))
			reply := []byte{0, 0, 0, 0}
			if string(method) == "kong.request.get_headers" {
				reply = []byte{3, 0, 0, 0, 0x0a, 0x01, 0xff}
			}
			if _, err := server.Write(reply); err != nil {
				return
			}
		}
	}()
	h.Access(t.Context(), kong.NewRequest(client))
	_ = client.Close()
	<-done
	return calls
}

func readFrame(from io.Reader) ([]byte, error) {
	var size uint32
	if err := binary.Read(from, binary.LittleEndian, &size); err != nil {
		return nil, err
	}
	frame := make([]byte, size)
	_, err := io.ReadFull(from, frame)
	return frame, err
}
