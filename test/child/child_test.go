package child

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestCodeIsThatOfAShell(t *testing.T) {
	for _, row := range []struct {
		name string
		argv []string
		sig  syscall.Signal
		want int
	}{
		{"a child that ends by itself", []string{"sh", "-c", "exit 7"}, 0, 7},
		{"a child that a signal ends", []string{"sleep", "60"}, syscall.SIGINT, 130},
	} {
		t.Run(row.name, func(t *testing.T) {
			p, err := Start(Command{Argv: row.argv})
			if err != nil {
				t.Fatal(err)
			}
			if row.sig != 0 {
				p.Signal(row.sig)
			}
			<-p.Done()
			if got := p.Code(); got != row.want {
				t.Errorf("code %d, want %d", got, row.want)
			}
		})
	}
}

func TestStopKillsWhatIgnoresSIGTERM(t *testing.T) {
	p, err := Start(Command{Argv: []string{"sh", "-c", `trap "" TERM; while :; do sleep 1; done`}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(50 * time.Millisecond); err == nil && p.Code() != 128+int(syscall.SIGTERM) {
		t.Errorf("no error, code %d", p.Code()) // SIGTERM before the trap is fine
	}
}

func TestStartTellsWhatIsMissing(t *testing.T) {
	if _, err := Start(Command{Argv: []string{"no-such-command"}}); err == nil || !strings.Contains(err.Error(), "no-such-command") {
		t.Errorf("error %v", err)
	}
}
