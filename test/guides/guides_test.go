package guides

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tollgate/test/sandbox"
	"tollgate/test/tool"
)

// pages are those that are run: all of kong/guides, and the one on what goes wrong.
func pages(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join("..", "..", "kong", "guides", "*.md"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	return append(found, filepath.Join("..", "..", "kong", "TROUBLESHOOTING.md"))
}

func TestPagesDoAsTheySay(t *testing.T) {
	for _, name := range []string{"bash", "curl", "jq", "openssl"} {
		tool.Need(t, name)
	}
	room := newRoom(t)
	for _, path := range pages(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".md"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			steps, err := parse(string(text))
			if err != nil {
				t.Fatal(err)
			}
			w := room.read(t, filepath.Base(path))
			for _, s := range steps {
				w.take(t, s)
			}
		})
	}
}

// room is the sandbox in which pages are run.
type room struct {
	*sandbox.Sandbox
	gateway  sandbox.Gateway
	binaries *sandbox.Binaries
	example  []byte // kong/kong.yml
	applied  int
}

func newRoom(t *testing.T) *room {
	t.Helper()
	gateway, err := sandbox.GatewayFromEnv()
	if err != nil {
		t.Fatal(err)
	}
	binaries, err := sandbox.Build(t.Context(), t.TempDir(), gateway)
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile(filepath.Join("..", "..", "kong", "kong.yml"))
	if err != nil {
		t.Fatal(err)
	}
	faulty := httptest.NewServer(http.HandlerFunc(refuse))
	t.Cleanup(faulty.Close)
	s, err := sandbox.Start(context.Background(), sandbox.Options{Gateway: gateway, Binaries: binaries,
		Environment: []string{"KONG_TRUSTED_IPS=" + snat}, Values: map[string]string{"DECK_FAULTY_URL": faulty.URL},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("the processes said:\n" + s.LastWords())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &room{Sandbox: s, gateway: gateway, binaries: binaries, example: example}
}

// refuse is an upstream that asks for credentials of its own, or fails.
func refuse(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/unguarded" {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="orders"`)
	w.WriteHeader(http.StatusUnauthorized)
}

// load has the gateway serve a rendered configuration, and returns when requests find it.
func (r *room) load(rendered []byte) error {
	r.applied++
	mark := fmt.Sprintf("applied-%d", r.applied)
	marked, err := merge(rendered, fmt.Appendf(nil, "services: [{name: applied, url: '%s', routes: [{name: applied, paths: [/%s]}]}]", r.EchoURL, mark))
	if err != nil {
		return err
	}
	if err := r.replace(marked); err != nil {
		return err
	}
	return r.awaitMark(mark)
}

// replace gives a real Kong its configuration by the Admin API, which takes a tenth of the time of a reload.
func (r *room) replace(config []byte) error {
	if r.gateway != sandbox.Kong {
		return r.Reload(config) // nothing is left to render
	}
	answer, err := http.PostForm(r.AdminURL+"/config", url.Values{"config": {string(config)}})
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusCreated {
		return nil
	}
	says, err := io.ReadAll(answer.Body)
	return errors.Join(err, fmt.Errorf("kong answers %d: %s", answer.StatusCode, says))
}

// environment is what a page's commands know, beside the reader's own.
func (r *room) environment(deckURL string) []string {
	return append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "KONG_") || strings.HasPrefix(v, "TOLLGATE_")
	}), r.variables(deckURL)...)
}

// variables are those that the pages name.
func (r *room) variables(deckURL string) []string {
	return []string{
		"PATH=" + filepath.Dir(r.binaries.PluginServer) + ":" + os.Getenv("PATH"),
		"GATEWAY=" + r.URL, "GATEWAY_TLS=" + cmp.Or(r.TLSURL, r.URL), "ADMIN=" + r.AdminURL, "STATUS=" + r.StatusURL, "ECHO_URL=" + r.EchoURL, "ISSUER=" + r.IssuerURL,
		"JWKS_PATH=" + strings.TrimPrefix(r.Issuer.JWKSURL(), r.IssuerURL),
		"ERROR_LOG=" + r.ErrorLog(), "ACCESS_LOG=" + r.AccessLog(), "SERVER_LOG=" + r.RunLog(),
		"REDIS_HOST=" + r.Redis.Host, "REDIS_PORT=" + r.Redis.Port, "SANDBOX=" + r.Folder, "DECK_URL=" + deckURL, "no_proxy=*",
	}
}

// playedDeck stands for decK. Its output, which pages do not show, is empty.
const playedDeck = `
deck() {
  if [ "$1 $2" != "gateway sync" ]; then echo "only deck gateway sync is played" >&2; return 2; fi
  pluginserver render "$3" --out .synced && curl -sS --fail-with-body -X POST --data-binary @.synced "$DECK_URL"
}
`

// ServeHTTP takes what the played decK sends.
func (r *room) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	text, err := io.ReadAll(request.Body)
	if err == nil {
		err = r.load(text)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}
