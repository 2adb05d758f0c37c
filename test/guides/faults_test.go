package guides

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	lb "tollgate/test/loadbalancer"
	"tollgate/test/redistest"
)

// faultsEnv has TestServeTheFaults wait for a reader of kong/TROUBLESHOOTING.md: `make faults` sets it.
const faultsEnv = "TOLLGATE_FAULTS"

// TestServeTheFaults gives a reader what the page's own test has, until Ctrl-C.
func TestServeTheFaults(t *testing.T) {
	if os.Getenv(faultsEnv) != "1" {
		t.Skip("make faults runs it")
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	fmt.Println("Building and starting …")
	w := newRoom(t).read(t, "TROUBLESHOOTING.md")
	w.faults(t)
	fmt.Printf("\nThe faults are served. Ctrl-C ends it. In another terminal, in bash:\n\n  cd %s && . ./env\n\n", w.folder)
	select {
	case <-stop:
	case <-w.Ended():
		t.Errorf("the gateway ended with code %d", w.Code())
	}
}

// balancers play the F5, each with a fault of its own but the first, by the variable that has its address.
func balancers() map[string]lb.F5 {
	https := lb.Line{Name: "X-Forwarded-Proto", Value: "https"}
	tenant := lb.Line{Name: "X-Tenant-Id", Value: "ACME Inc"}
	good := lb.Behaviour{ForwardedFor: true, Replace: []lb.Line{https}}
	erases, rewrites, passes := good, good, good
	erases.Erase = []string{"Authorization"}
	rewrites.Replace = []lb.Line{https, tenant}
	passes.PassAfter = 1
	return map[string]lb.F5{
		"F5":          {Behaviour: good, Secret: witnessKey},
		"F5_ERASES":   {Behaviour: erases, Secret: witnessKey},
		"F5_REWRITES": {Behaviour: rewrites, Secret: witnessKey},
		"F5_PASSES":   {Behaviour: passes, Secret: witnessKey},
		"F5_HOST":     {Behaviour: lb.Behaviour{Host: "internal.example"}},
		"F5_PROTO":    {Behaviour: lb.Behaviour{ForwardedFor: true}},
		"F5_REJECTS":  {Behaviour: lb.Behaviour{Reject: []string{"PATCH"}}},
	}
}

// witnessKey is the one that faults.yml has.
const witnessKey = "witness-key-of-the-sandbox-0123456789"

// faults has the gateway serve faults.yml, puts the load balancers before it, and the issuer behind TLS as well.
// The variables that the page needs besides lie in the file env, which a shell reads.
func (w *reading) faults(t *testing.T) {
	t.Helper()
	w.serve(t, w.sample(t, "faults.yml"))
	misconfigured, err := w.Render(w.sample(t, "misconfigured.yml"))
	if err != nil {
		t.Fatal(err)
	}
	variables := append(w.variables(w.deckURL), w.encrypted(t)...)
	for name, f5 := range balancers() {
		variables = append(variables, name+"=http://"+f5.Start(t, strings.TrimPrefix(w.URL, "http://")))
	}
	w.leave(t, "misconfigured.yml", string(misconfigured))
	w.leave(t, "env", exports(variables)+playedDeck)
	w.must(t, step{line: 1, text: ". ./env"})
}

func (w *reading) sample(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// leave writes a file into the page's folder.
func (w *reading) leave(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// exports are lines for a shell.
func exports(variables []string) string {
	var out strings.Builder
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		fmt.Fprintf(&out, "export %s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
	}
	return out.String()
}

// encrypted serves the issuer by TLS too, with an authority that nobody knows yet, and returns where.
func (w *reading) encrypted(t *testing.T) (variables []string) {
	t.Helper()
	authority := redistest.NewAuthority(t)
	files := authority.Files(t, "127.0.0.1")
	pair, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(w.Issuer)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it is there for clients that do not trust it
	server.StartTLS()
	t.Cleanup(server.Close)
	w.leave(t, "ca.pem", authority.PEM)
	return []string{"TLS_ISSUER=" + server.URL, "TLS_ADDRESS=" + server.Listener.Addr().String()}
}
