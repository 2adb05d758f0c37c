package integration

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"tollgate/test/sandbox"
)

// secrets are what the suite used and no log may hold. Its methods may be called from any goroutine.
type secrets struct {
	mu   sync.Mutex
	text map[string]string // what to look for, with a name that may be printed
}

func newSecrets() *secrets {
	return &secrets{text: map[string]string{
		sandbox.RedisPassword: "the password of redis",
		"suite-key-of-":       "an API key",
	}}
}

// token notes a token by its signature: header and payload are no secret, but do not belong there either.
func (s *secrets) token(signed string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for part, name := range map[int]string{1: "the payload of a token", 2: "the signature of a token"} {
		if parts := strings.Split(signed, "."); len(parts) > part && len(parts[part]) > 20 {
			s.text[parts[part]] = name
		}
	}
}

// know notes what no log may hold.
func (s *secrets) know(text, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text[text] = name
}

// findIn returns an error that names every secret that stands in a log of the plugin server, of its
// parent or of the gateway. Kong's access log is not looked at: its serializer writes headers in clear.
func (s *secrets) findIn(from *sandbox.Sandbox) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []error
	for _, path := range []string{from.RunLog(), from.ErrorLog()} {
		log, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for text, name := range s.text {
			if at := strings.Index(string(log), text); at >= 0 {
				line := string(log)[strings.LastIndex(string(log)[:at], "\n")+1 : at]
				found = append(found, fmt.Errorf("%s stands in %s, after %q", name, path, line))
			}
		}
	}
	return errors.Join(found...)
}

// TestSecretsAreFound keeps the look at the logs from passing because it sees nothing.
func TestSecretsAreFound(t *testing.T) {
	s := &sandbox.Sandbox{Folder: t.TempDir()}
	known := newSecrets()
	signature := strings.Repeat("s", 40)
	known.token("header.payload." + signature)
	for path, text := range map[string]string{s.RunLog(): "dialing with " + sandbox.RedisPassword, s.ErrorLog(): "token a.b." + signature} {
		if err := os.WriteFile(path, []byte("first line\n"+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err := known.findIn(s)
	if err == nil || !strings.Contains(err.Error(), `after "dialing with "`) || !strings.Contains(err.Error(), "signature") {
		t.Errorf("found %v", err)
	}
}
