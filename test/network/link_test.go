package network

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// echo is a server that answers with what it is told, line by line.
func echo(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return l.Addr().String()
}

func dial(t *testing.T, l *Link) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", l.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// ask sends a line, and returns what has come back until the patience is over.
func ask(conn net.Conn, line string, patience time.Duration) (string, error) {
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, line); err != nil {
		return "", err
	}
	return bufio.NewReader(conn).ReadString('\n')
}

const soon, never = 30 * time.Second, 50 * time.Millisecond

func wantEcho(t *testing.T, conn net.Conn) {
	t.Helper()
	if got, err := ask(conn, "one\n", soon); got != "one\n" || err != nil {
		t.Errorf("%q, %v came back", got, err)
	}
}

func TestASeveredLinkLosesNothing(t *testing.T) {
	l := Start(t, echo(t))
	conn := dial(t, l)
	wantEcho(t, conn)
	l.Sever()
	if got, err := ask(conn, "two\n", never); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%q, %v came through", got, err)
	}
	l.Mend()
	if got, err := ask(conn, "", soon); got != "two\n" || err != nil {
		t.Errorf("%q, %v came later", got, err)
	}
}

func TestAResetReachesTheClient(t *testing.T) {
	l := Start(t, echo(t))
	conn := dial(t, l)
	wantEcho(t, conn)
	l.Reset()
	if got, err := ask(conn, "two\n", soon); !isReset(err) {
		t.Errorf("%q, %v came", got, err)
	}
	again, err := net.Dial("tcp", l.Addr) // which may hear of it at once
	if err == nil {
		t.Cleanup(func() { again.Close() })
		_, err = ask(again, "two\n", soon)
	}
	if !isReset(err) {
		t.Errorf("a new connection: %v", err)
	}
	l.Mend()
	wantEcho(t, dial(t, l))
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func TestASlowLinkTakesItsTime(t *testing.T) {
	l := Start(t, echo(t))
	conn := dial(t, l)
	const delay = 40 * time.Millisecond
	for _, row := range []struct {
		name  string
		delay time.Duration
		bytes int
	}{{"a delay", delay, 0}, {"few bytes a second", 0, 100}} { // 4 bytes at 100 a second take as long
		l.Slow(row.delay, row.bytes)
		began := time.Now()
		wantEcho(t, conn)
		if took := time.Since(began); took < 2*delay {
			t.Errorf("%s: there and back in %s", row.name, took)
		}
	}
}

func TestAnswersAreLost(t *testing.T) {
	for how, want := range map[Loss]error{Swallowed: os.ErrDeadlineExceeded, HungUp: io.EOF, AllButAByte: io.EOF} {
		l := Start(t, echo(t))
		conn := dial(t, l)
		l.Lose(how)
		got, err := ask(conn, "one\n", map[bool]time.Duration{true: never, false: soon}[how == Swallowed])
		if !errors.Is(err, want) || how == AllButAByte && got != "o" {
			t.Errorf("loss %d: %q, %v", how, got, err)
		}
		l.Mend()
		wantEcho(t, dial(t, l))
	}
}

func TestStrandedConnectionsLeadNowhere(t *testing.T) {
	l := Start(t, echo(t))
	old := dial(t, l)
	wantEcho(t, old)
	l.Strand()
	if got, err := ask(old, "two\n", never); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%q, %v came through", got, err)
	}
	wantEcho(t, dial(t, l))
	if n := l.Dials(); n != 2 {
		t.Errorf("%d connections", n)
	}
}
