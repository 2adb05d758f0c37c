package child

import (
	"bufio"
	"os"
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
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	// exec keeps what is ignored, and leaves one process, which the kill reaches.
	p, err := Start(Command{Argv: []string{"sh", "-c", `trap "" TERM; echo deaf; exec sleep 60`}, Output: in})
	_ = in.Close()
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "deaf\n" {
		t.Fatalf("the child said %q: %v", line, err)
	}
	if err := p.Stop(50 * time.Millisecond); err == nil {
		t.Error("no error tells of the kill")
	}
	if got, want := p.Code(), 128+int(syscall.SIGKILL); got != want {
		t.Errorf("code %d, want %d", got, want)
	}
}

func TestStartTellsWhatIsMissing(t *testing.T) {
	if _, err := Start(Command{Argv: []string{"no-such-command"}}); err == nil || !strings.Contains(err.Error(), "no-such-command") {
		t.Errorf("error %v", err)
	}
}
