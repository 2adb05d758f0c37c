package tieredlimit

import (
	"strings"
	"sync"
)

const (
	// maxReported bounds how many unknown names are remembered: names beyond it are not reported, so
	// that names that are generated fill neither the log nor the memory.
	maxReported = 1000
	// maxReportedLength bounds each of them, in bytes: names come from outside.
	maxReportedLength = 64
)

// reported remembers which names were reported. Its zero value is ready to use.
type reported struct {
	mu    sync.Mutex
	names map[string]bool
}

// first tells whether name is to be reported now. Names with the same beginning are one.
func (r *reported) first(name string) bool {
	if len(name) > maxReportedLength {
		name = strings.Clone(name[:maxReportedLength])
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.names[name] || len(r.names) >= maxReported {
		return false
	}
	if r.names == nil {
		r.names = map[string]bool{}
	}
	r.names[name] = true
	return true
}
