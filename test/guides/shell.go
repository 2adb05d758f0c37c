package guides

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// shell is one bash, in which a page's commands run one after another.
type shell struct {
	cmd    *exec.Cmd
	folder string
	input  io.WriteCloser
	lines  chan string
}

// end is what bash prints behind a command's output.
const end = "⏚ the command ended with "

// startShell runs bash in a folder, with an environment of its own.
func startShell(folder string, env []string) (*shell, error) {
	cmd := exec.Command("bash", "--norc", "--noprofile")
	cmd.Dir, cmd.Env = folder, env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting bash: %w", err)
	}
	s := &shell{cmd: cmd, folder: folder, input: input, lines: make(chan string)}
	go s.read(output)
	return s, nil
}

func (s *shell) read(output io.Reader) {
	defer close(s.lines)
	in := bufio.NewReader(output)
	for {
		line, err := in.ReadString('\n')
		if line != "" {
			s.lines <- line
		}
		if err != nil {
			return
		}
	}
}

// run returns what commands print on both streams, and the code with which the last ends.
func (s *shell) run(commands string) (printed string, code int, err error) {
	const patience = 20 * time.Second
	file := filepath.Join(s.folder, ".command")
	if err := os.WriteFile(file, []byte(commands+"\n"), 0o600); err != nil {
		return "", 0, err
	}
	if _, err := fmt.Fprintf(s.input, ". ./.command </dev/null; printf '\\n%s%%d\\n' $?\n", end); err != nil {
		return "", 0, err
	}
	var out strings.Builder
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case line, ok := <-s.lines:
			if !ok {
				return out.String(), 0, fmt.Errorf("bash ended")
			}
			if rest, ends := strings.CutPrefix(line, end); ends {
				code, err = strconv.Atoi(strings.TrimSpace(rest))
				return strings.TrimSuffix(out.String(), "\n"), code, err
			}
			out.WriteString(line)
		case <-timer.C:
			return out.String(), 0, fmt.Errorf("no end within %s", patience)
		}
	}
}

// close ends bash and all that it has started.
func (s *shell) close() {
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL) // it may have ended
	for range s.lines {
	}
	_ = s.cmd.Wait() // killed
}
