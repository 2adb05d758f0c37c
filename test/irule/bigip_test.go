package irule

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"tollgate/test/tool"
)

const (
	root = "../.."
	rule = root + "/kong/f5/witness.irule.tcl"
)

// line is a header line.
type line = [2]string

// bigip is tclsh in which the rule is loaded.
type bigip struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Scanner
	// signed are the texts for which a digest was asked.
	signed []string
}

// newBigip runs the rule with a key until the test ends.
func newBigip(t *testing.T, secret string, unix int64) *bigip {
	t.Helper()
	const patience = time.Minute
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	cmd := exec.CommandContext(ctx, tool.Need(t, "tclsh"), "testdata/bigip.tcl", rule)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer cancel()
		in.Close()
		if err := cmd.Wait(); err != nil || said.Len() > 0 {
			t.Errorf("tclsh: %v, said %s", err, &said)
		}
	})
	b := &bigip{t: t, in: in, out: bufio.NewScanner(out)}
	b.say("secret %x", secret)
	b.say("clock %d", unix)
	return b
}

func (b *bigip) say(format string, args ...any) {
	b.t.Helper()
	if _, err := fmt.Fprintf(b.in, format+"\n", args...); err != nil {
		b.t.Fatal(err)
	}
}

// receives lets a request come in, and the rule see it.
func (b *bigip) receives(method, target string, lines ...line) {
	b.t.Helper()
	b.say("request %x %x", method, target)
	b.holds(lines)
	b.fires("HTTP_REQUEST")
}

// changes lets other rules and modules make other header lines of those that came.
func (b *bigip) changes(lines ...line) {
	b.t.Helper()
	b.say("clear")
	b.holds(lines)
}

func (b *bigip) holds(lines []line) {
	b.t.Helper()
	for _, l := range lines {
		b.say("line %x %x", l[0], l[1])
	}
}

// releases lets the rule see the request leave, and returns its header lines.
func (b *bigip) releases() []line {
	b.t.Helper()
	b.fires("HTTP_REQUEST_RELEASE")
	return b.shows()
}

func (b *bigip) fires(event string) {
	b.t.Helper()
	b.say("fire %s", event)
	b.hears()
}

// steps is how many commands the last event took.
func (b *bigip) steps() int {
	b.t.Helper()
	b.say("steps")
	n, err := strconv.Atoi(b.hears()[0][0])
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

// shows returns the header lines as they are now.
func (b *bigip) shows() []line {
	b.t.Helper()
	b.say("show")
	return b.hears()
}

// hears reads what tclsh says until it is done.
func (b *bigip) hears() (lines []line) {
	b.t.Helper()
	for b.out.Scan() {
		word, rest, _ := strings.Cut(b.out.Text(), " ")
		first, second, _ := strings.Cut(rest, " ")
		switch word {
		case "sign":
			b.sign(b.text(first), b.text(second))
		case "line":
			lines = append(lines, line{b.text(first), b.text(second)})
		case "done":
			return lines
		default:
			b.t.Fatalf("the rule failed: %s %s", word, b.text(first))
		}
	}
	b.t.Fatal("tclsh ended")
	return nil
}

func (b *bigip) sign(key, text string) {
	b.t.Helper()
	b.signed = append(b.signed, text)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	b.say("%x", mac.Sum(nil))
}

func (b *bigip) text(hexadecimal string) string {
	b.t.Helper()
	text, err := hex.DecodeString(hexadecimal)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}
