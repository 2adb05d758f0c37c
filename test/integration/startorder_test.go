package integration

import (
	"fmt"
	"net/http"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"tollgate/test/child"
	"tollgate/test/eventually"
	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

// TestKongBeforeItsPluginServer has the two as processes of their own, with nobody who supervises them. Every
// request through a plugin is refused while there is no server, and the gateway needs no restart once there is one.
func TestKongBeforeItsPluginServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "late.socket")
	var environment []string
	for _, name := range []string{"HEADER_GUARD", "JWKS_VERIFY", "TIERED_LIMIT"} {
		environment = append(environment, "KONG_PLUGINSERVER_"+name+"_SOCKET="+path)
	}
	s := start(t, sandbox.Options{Environment: environment})
	token := bearerOf(t, s, issuer.Token{Client: "load-app"})
	get := func() int { return getFrom(t, s, "/limited/token", token).status }
	for _, row := range []struct{ name, state string }{
		{"the socket was never there", "first start"},
		{"the socket went with its server", "second start"},
	} {
		t.Run(row.name, func(t *testing.T) {
			for range 3 {
				if status := get(); status != http.StatusInternalServerError {
					t.Fatalf("status %d without a plugin server", status)
				}
			}
			getFrom(t, s, "/open").is(t, http.StatusOK)
			server := serveOn(t, path)
			back := eventually.Holds(t, patience, "requests to pass", func() bool { return get() == http.StatusOK })
			for range 20 {
				if status := get(); status != http.StatusOK {
					t.Errorf("status %d after the first good answer", status)
				}
			}
			hangsForAWhile(t, server, get)
			if err := server.Stop(patience); err != nil {
				t.Error(err)
			}
			shared.stress.held(t, "Kong first, then the plugin server, "+row.state, "500 before, 200 alone from the first on",
				fmt.Sprintf("the first %s after the start", back.Round(time.Millisecond)))
		})
	}
}

// serveOn starts a plugin server without a parent that watches it, until the test ends.
func serveOn(t *testing.T, socket string) *child.Process {
	t.Helper()
	server, err := child.Start(child.Command{Argv: []string{shared.binaries.PluginServer, "serve", "--socket", socket, "--status", ""}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop(patience) }) // a second Stop does nothing
	return server
}

// hangsForAWhile stops the server: nobody replaces it, so a request waits until it goes on, and is answered.
func hangsForAWhile(t *testing.T, server *child.Process, get func() int) {
	t.Helper()
	const hangs = 500 * time.Millisecond
	server.Signal(syscall.SIGSTOP)
	time.AfterFunc(hangs, func() { server.Signal(syscall.SIGCONT) })
	if status := get(); status != http.StatusOK {
		t.Errorf("status %d of a server that hung for %s", status, hangs)
	}
}
