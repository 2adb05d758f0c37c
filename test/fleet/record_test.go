package fleet

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate/test/node"
)

// record is what a Redis has done, by its own account: it reads MONITOR.
type record struct {
	conn net.Conn

	mu       sync.Mutex
	accounts map[string]*account // by consumer
	looks    int64               // of nodes, whether their memory may be wrong
	marks    map[string]chan struct{}
	clock    storeClock
	script   scriptKind // the one that runs, or has run last
	wrong    error      // the first line that cannot be, or cannot be read
	ended    chan struct{}
}

// scriptKind is which script runs: one that counts, one that debits what was admitted without Redis, or
// another, as those that count nodes and probe.
type scriptKind int

const (
	limitScript scriptKind = iota
	debtScript
	otherScript
)

func scriptOf(c entry) scriptKind {
	const second = 4 // the second key
	switch {
	case strings.Contains(c.args[3], "}:probe"), !strings.HasSuffix(c.args[3], ":state"):
		return otherScript
	case strings.Contains(c.args[second], ":debt:"):
		return debtScript
	}
	return limitScript
}

// startRecord returns once all that Redis does is recorded.
func startRecord(t *testing.T, addr string) *record {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	r := &record{conn: conn, accounts: map[string]*account{}, marks: map[string]chan struct{}{}, ended: make(chan struct{})}
	lines := bufio.NewReaderSize(conn, 1<<20)
	if _, err := fmt.Fprint(conn, "MONITOR\r\n"); err != nil {
		t.Fatal(err)
	}
	if said, err := lines.ReadString('\n'); err != nil || said != "+OK\r\n" {
		t.Fatalf("MONITOR: %q, %v", said, err)
	}
	go r.read(lines)
	t.Cleanup(func() {
		_ = conn.Close()
		<-r.ended
	})
	return r
}

func (r *record) read(lines *bufio.Reader) {
	defer close(r.ended)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return // the test has closed it, or waits in vain for its mark
		}
		r.note(strings.TrimSuffix(strings.TrimPrefix(line, "+"), "\r\n"))
	}
}

// note takes one line.
func (r *record) note(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, err := parseEntry(line)
	if err == nil {
		err = r.take(c)
	}
	if err != nil && r.wrong == nil {
		r.wrong = fmt.Errorf("%w in %.200q", err, line)
	}
}

func (r *record) take(c entry) error {
	if c.byScript {
		r.clock.tick(c)
	}
	switch name := strings.ToLower(c.args[0]); {
	case name == "echo" && r.marks[c.args[1]] != nil:
		close(r.marks[c.args[1]])
	case name == "get" && !c.byScript && strings.Contains(c.args[1], "generation"):
		r.looks++
	case name == "eval" || name == "evalsha":
		if r.script = scriptOf(c); r.script == limitScript {
			return r.of(c.args[3]).called(c)
		}
	case r.script == otherScript:
	case c.byScript && name == "set" && r.script == debtScript:
		if strings.HasSuffix(c.args[1], ":state") {
			return r.of(c.args[1]).owed(c.args[2])
		}
	case c.byScript && name == "setrange":
		return r.of(c.args[1]).admittedInRing(c.args[3], c.at, &r.clock)
	case c.byScript && name == "set" && strings.HasSuffix(c.args[1], ":ring"):
		if len(c.args) > 3 { // without a life it is the old ring, laid out anew
			return r.of(c.args[1]).admittedInRing(c.args[2], c.at, &r.clock)
		}
	case c.byScript && name == "set":
		return r.of(c.args[1]).saved(c.args[2], c.at, &r.clock)
	}
	return nil
}

// of returns the account of the consumer that a key belongs to.
func (r *record) of(key string) *account {
	_, rest, _ := strings.Cut(key, "consumer:")
	consumer, _, _ := strings.Cut(rest, "}")
	if r.accounts[consumer] == nil {
		r.accounts[consumer] = &account{}
	}
	return r.accounts[consumer]
}

// read returns what has been done for the consumers until now, and how often nodes looked whether their
// memory may be wrong.
func (f *fleet) read(t *testing.T, consumers ...string) (accounts map[string]account, looks int64) {
	t.Helper()
	r, mark := f.record, fmt.Sprintf("mark %d", time.Now().UnixNano())
	reached := make(chan struct{})
	r.mu.Lock()
	r.marks[mark] = reached
	r.mu.Unlock()
	if err := f.client.Echo(t.Context(), mark).Err(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-reached:
	case <-time.After(node.Patience):
		t.Fatal("the record has stopped")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wrong != nil {
		t.Fatal(r.wrong)
	}
	accounts = map[string]account{}
	for _, c := range consumers {
		accounts[c] = r.of("consumer:" + c + "}").copied()
	}
	return accounts, r.looks
}
