package ansible

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/test/tool"
)

// await plays server.yml from the end on, where services were restarted. The gateways' program is one that notes
// what it is asked, and says that it is well from the answer with that number on.
func await(t *testing.T, well int, gateways ...string) (asked []string, out string, err error) {
	t.Helper()
	p, folder := newPlaybooks(t), t.TempDir()
	notes, program := filepath.Join(folder, "notes"), filepath.Join(folder, "pluginserver")
	script := fmt.Sprintf("#!/bin/sh\necho \"$*\" >>%s\n[ $(wc -l <%s) -ge %d ]\n", notes, notes, well)
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	inventory := write(t, filepath.Join(folder, "inventory.ini"), "[gateways]\n"+strings.Join(gateways, "\n")+"\n[gateways:vars]\nansible_connection=local\n")
	out, err = p.run(t, "-i", inventory, "--start-at-task", "Wait until the plugin server and Kong answer",
		"-e", "ansible_become=false", "-e", "ansible_python_interpreter="+tool.Need(t, "python3"),
		"-e", "tollgate_program="+program, "-e", "tollgate_tries=2", "server.yml")
	text, readErr := os.ReadFile(notes)
	if readErr != nil {
		t.Fatalf("nobody asked: %v\n%s", readErr, out)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n"), out, err
}

const question = "health --socket /run/tollgate/server.socket --gateway http://127.0.0.1:8007/status"

func TestARestartedGatewayIsWaitedForUntilItAnswers(t *testing.T) {
	t.Parallel()
	asked, out, err := await(t, 2, "one")
	if err != nil || strings.Contains(out, "failed=1") || !strings.Contains(out, "changed=0") {
		t.Errorf("%v\n%s", err, out)
	}
	if diff := cmp.Diff([]string{question, question}, asked); diff != "" {
		t.Errorf("questions (-want +got):\n%s\n%s", diff, out)
	}
}

func TestAGatewayThatDoesNotAnswerEndsThePlayBeforeTheNext(t *testing.T) {
	t.Parallel()
	_, out, err := await(t, 100, "one", "two")
	if err == nil || !strings.Contains(out, "failed=1") || strings.Contains(out, "[two]") {
		t.Errorf("%v\n%s", err, out)
	}
}
