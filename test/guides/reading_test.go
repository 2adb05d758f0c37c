package guides

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	lb "tollgate/test/loadbalancer"
	"tollgate/test/sandbox"
)

const snat = lb.SNAT

// reading is one page that is run.
type reading struct {
	*room
	page, folder, deckURL string
	shell                 *shell
}

// read begins a page: the example is served, the issuer is well, and a shell stands ready.
func (r *room) read(t *testing.T, page string) *reading {
	t.Helper()
	deck := httptest.NewServer(r)
	t.Cleanup(deck.Close)
	w := &reading{room: r, page: page, folder: t.TempDir(), deckURL: deck.URL}
	var err error
	if w.shell, err = startShell(w.folder, r.environment(deck.URL)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.shell.close)
	r.Issuer.Down(false)
	r.Issuer.Misbehave("")
	w.serve(t, r.example)
	w.must(t, step{line: 1, text: playedDeck})
	return w
}

func (w *reading) serve(t *testing.T, text []byte) {
	t.Helper()
	rendered, err := w.Render(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.folder, "kong.yml"), rendered, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.load(rendered); err != nil {
		t.Fatal(err)
	}
}

// take does what a step says.
func (w *reading) take(t *testing.T, s step) {
	t.Helper()
	if s.kind == "yaml" {
		w.check(t, s)
	}
	if _, only := s.notes["only kong"]; only && w.gateway != sandbox.Kong {
		return
	}
	if _, only := s.notes["only redis"]; only && !w.Redis.Real {
		return
	}
	if _, never := s.notes["never run"]; never {
		return
	}
	switch s.kind {
	case "run", "sh":
		w.must(t, s)
	case "console":
		w.compare(t, s)
	case "yaml":
		w.merge(t, s)
	case "faults":
		w.faults(t)
	}
	if file, ok := s.notes["save"]; ok {
		if err := os.WriteFile(filepath.Join(w.folder, file), []byte(s.text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *reading) at(line int) string { return fmt.Sprintf("%s:%d", w.page, line) }

// must runs commands, of which none may fail.
func (w *reading) must(t *testing.T, s step) {
	t.Helper()
	// A subshell would lose what the commands set, and errexit would end bash itself: so ERR tells.
	printed, code, err := w.shell.run("FAILED=0; trap 'FAILED=1' ERR\n" + s.text + "\ntrap - ERR; [ $FAILED = 0 ]")
	if err != nil || code != 0 {
		t.Fatalf("%s: %v, code %d, printed:\n%s", w.at(s.line), err, code, printed)
	}
}

// compare runs commands one by one. What only looks at logs and at the status is asked again until it shows:
// gateways write logs after they have answered.
func (w *reading) compare(t *testing.T, s step) {
	t.Helper()
	for _, c := range s.commands() {
		if printed, ok := w.printsAsShown(t, c); !ok {
			t.Errorf("%s: $ %s\nshown:\n%sprinted:\n%s", w.at(c.line), c.text, c.print, printed)
		}
	}
}

func (w *reading) printsAsShown(t *testing.T, c command) (printed string, ok bool) {
	t.Helper()
	const patience, step = 8 * time.Second, 50 * time.Millisecond
	poll := time.NewTicker(step)
	defer poll.Stop()
	for began := time.Now(); ; <-poll.C {
		var err error
		if printed, _, err = w.shell.run(c.text); err != nil {
			t.Fatalf("%s: %v, printed:\n%s", w.at(c.line), err, printed)
		}
		if ok = prints(c.print, printed); ok || !looks(c.text) || time.Since(began) > patience {
			return printed, ok
		}
	}
}

// looks tells whether a command changes nothing by being run again.
func looks(command string) bool {
	return strings.Contains(command, "_LOG\"") || strings.Contains(command, "$STATUS/") || strings.Contains(command, "who \"$ID\"") || strings.Contains(command, "why \"$ID\"")
}

// check holds what is shown to the schemas, unless it is only a part of what stands there already.
func (w *reading) check(t *testing.T, s step) {
	t.Helper()
	if _, merges := s.notes["merge"]; merges {
		return
	}
	if _, err := checkShown([]byte(s.text)); err != nil {
		t.Errorf("%s: %v", w.at(s.line), err)
	}
	if _, never := s.notes["never run"]; !never {
		w.judgeShown(t, w.at(s.line), []byte(s.text))
	}
}

// merge puts what is shown into kong.yml, if the page says so, and holds the whole to the schemas.
func (w *reading) merge(t *testing.T, s step) {
	t.Helper()
	if _, merges := s.notes["merge"]; !merges {
		return
	}
	path := filepath.Join(w.folder, "kong.yml")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if whole, err = merge(whole, []byte(s.text)); err != nil {
		t.Fatalf("%s: %v", w.at(s.line), err)
	}
	if err := checkFile(whole); err != nil {
		t.Errorf("%s: %v", w.at(s.line), err)
	}
	w.judgeShown(t, w.at(s.line), whole)
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
}

// awaitMark waits until every worker has the configuration: a run of requests on new connections finds it.
func (r *room) awaitMark(mark string) error {
	const patience, step, row = 10 * time.Second, 10 * time.Millisecond, 6
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	poll := time.NewTicker(step)
	defer poll.Stop()
	for began, found := time.Now(), 0; time.Since(began) < patience; <-poll.C {
		found++
		if !answers(client, r.URL+"/"+mark) {
			found = 0
		}
		if found == row {
			return nil
		}
	}
	return fmt.Errorf("the gateway did not take the configuration: %s", r.LastWords())
}

func answers(client *http.Client, address string) bool {
	answer, err := client.Get(address)
	return err == nil && answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
}
