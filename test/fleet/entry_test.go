package fleet

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// entry is one command that Redis has run.
type entry struct {
	at       int64 // microseconds since 1970
	byScript bool
	args     []string
}

var errUnread = errors.New("no line of MONITOR")

// parseEntry reads a line as MONITOR writes it: 1700000000.000001 [0 lua] "GET" "key".
func parseEntry(line string) (entry, error) {
	stamp, rest, _ := strings.Cut(line, " [0 ")
	source, quoted, ok := strings.Cut(rest, "] ")
	seconds, micros, stamped := strings.Cut(stamp, ".")
	at, err := strconv.ParseInt(seconds+micros, 10, 64)
	if err != nil || !ok || !stamped || len(micros) != 6 {
		return entry{}, errUnread
	}
	c := entry{at: at, byScript: source == "lua"}
	for quoted != "" {
		word, err := strconv.QuotedPrefix(quoted)
		if err != nil {
			return entry{}, fmt.Errorf("%w: %w", errUnread, err)
		}
		arg, err := strconv.Unquote(word)
		if err != nil {
			return entry{}, fmt.Errorf("%w: %w", errUnread, err)
		}
		c.args = append(c.args, arg)
		quoted = strings.TrimPrefix(quoted[len(word):], " ")
	}
	if len(c.args) == 0 {
		return entry{}, errUnread
	}
	return c, nil
}

// storeClock knows when the running script can have read Redis' time.
type storeClock struct {
	before int64 // the last command of the script before it
	last   int64 // the last command of a script
}

func (s *storeClock) tick(c entry) {
	if c.args[0] == "TIME" {
		s.before = s.last
	}
	s.last = c.at
}

// check tells whether a time that a script has written at another is one that it can have read.
func (s *storeClock) check(wrote, at int64) error {
	if wrote < s.before || wrote > at {
		return fmt.Errorf("the script wrote the time %d, and ran between %d and %d", wrote, s.before, at)
	}
	return nil
}

func TestLinesOfMonitorAreRead(t *testing.T) {
	got, err := parseEntry(`1700000000.000012 [0 lua] "SETRANGE" "a:ring" "7" "\x06` + "`" + `\"\\\n\xd4"`)
	want := entry{at: 1_700_000_000_000_012, byScript: true, args: []string{"SETRANGE", "a:ring", "7", "\x06`\"\\\n\xd4"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(entry{})); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, line := range []string{"", "OK", `1.000001 [0 lua]`, `1.000001 [0 lua] "GET`, `x.000001 [0 lua] "GET"`} {
		if c, err := parseEntry(line); err == nil {
			t.Errorf("%q was read as %+v", line, c)
		}
	}
}

func TestATimeThatRedisDidNotTellIsFound(t *testing.T) {
	var s storeClock
	for i, name := range []string{"SET", "TIME", "GET", "SET"} {
		s.tick(entry{at: int64(10 * (i + 1)), args: []string{name}})
	}
	for wrote, fine := range map[int64]bool{9: false, 10: true, 20: true, 40: true, 41: false} {
		if err := s.check(wrote, 40); (err == nil) != fine {
			t.Errorf("a time of %d: %v", wrote, err)
		}
	}
}
