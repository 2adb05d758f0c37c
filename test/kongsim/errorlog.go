package kongsim

import (
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"
)

// logLevels are nginx's, the gravest first.
var logLevels = []string{"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"}

// errorLog writes lines of nginx's shape.
type errorLog struct {
	mu    sync.Mutex
	out   io.Writer
	level int
}

func newErrorLog(out io.Writer, level string) *errorLog {
	return &errorLog{out: out, level: slices.Index(logLevels, level)}
}

// write drops what is below the log's level.
func (l *errorLog) write(level, message, context string) {
	if slices.Index(logLevels, level) > l.level {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now().Format("2006/01/02 15:04:05")
	// A log that cannot be written to leaves nobody to tell.
	_, _ = fmt.Fprintf(l.out, "%s [%s] %d#0: [kong] kongsim %s%s\n", now, level, os.Getpid(), message, context)
}

func (l *errorLog) writef(level, format string, args ...any) {
	l.write(level, fmt.Sprintf(format, args...), "")
}
