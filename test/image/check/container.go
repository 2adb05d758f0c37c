package check

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"tollgate/test/child"
)

// container is one that runs.
type container struct {
	*child.Process
	init int // the process id of its first process, as the machine sees it
	log  string
}

// start runs the image's entrypoint and command as its user.
func start(in inside, log string) (*container, error) {
	text, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	out, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }()
	if err := out.Chmod(0o666); err != nil { // nginx opens /dev/stdout anew
		return nil, err
	}
	p, err := child.Start(child.Command{
		Argv:   []string{os.Args[0]},
		Env:    append(os.Environ(), roleEnv+"=outside", insideEnv+"="+string(text)),
		Output: out,
	})
	if err != nil {
		return nil, err
	}
	return &container{Process: p, log: log}, nil
}

// first finds the container's first process: the child of the one outside that is in another namespace. Go's
// os/exec has children for a moment that are not.
func (c *container) first() (int, error) {
	own, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return 0, err
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", c.PID, c.PID))
	if err != nil {
		return 0, err
	}
	for child := range strings.FieldsSeq(string(children)) {
		if space, err := os.Readlink("/proc/" + child + "/ns/pid"); err == nil && space != own {
			return strconv.Atoi(child)
		}
	}
	return 0, errors.New("the container has no process yet")
}

// run runs a command in the container, as its user, and returns what it prints.
func (c *container) run(env []string, argv ...string) (string, error) {
	id := strconv.Itoa(uid)
	cmd := exec.Command("nsenter", append([]string{
		"--target", strconv.Itoa(c.init), "--mount", "--pid", "--root", "--wd", "--setuid", id, "--setgid", id,
	}, argv...)...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// process is one of a container.
type process struct {
	pid  int // as the machine sees it
	uid  int
	argv string
}

// processes are those of the container's namespace.
func (c *container) processes() ([]process, error) {
	space, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", c.init))
	if err != nil {
		return nil, err
	}
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	var found []process
	for _, folder := range folders {
		if link, err := os.Readlink(folder + "/ns/pid"); err != nil || link != space {
			continue // gone meanwhile, or another's
		}
		pid, _ := strconv.Atoi(filepath.Base(folder))
		argv, err := os.ReadFile(folder + "/cmdline")
		var stat unix.Stat_t
		if err != nil || unix.Stat(folder, &stat) != nil {
			continue
		}
		found = append(found, process{pid, int(stat.Uid), strings.TrimRight(strings.ReplaceAll(string(argv), "\x00", " "), " ")})
	}
	return found, nil
}
