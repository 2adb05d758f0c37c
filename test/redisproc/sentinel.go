package redisproc

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// SentinelOptions are those of a sentinel that watches over one master.
type SentinelOptions struct {
	Port int // any free one
	// Folder is where the sentinel keeps its file, which it needs.
	Folder string
	// Master is the address of the master, and Name what it is called.
	Master, Name string
	// Quorum is how many sentinels must agree.
	Quorum int
	// TLS has the port speak TLS, and the sentinel speak it to the master.
	TLS *TLS
	// Settings are further lines of sentinel.conf.
	Settings []string
}

// StartSentinel returns once the sentinel accepts connections.
func StartSentinel(o SentinelOptions) (*Server, error) {
	host, port, err := net.SplitHostPort(o.Master)
	if err != nil {
		return nil, fmt.Errorf("reading the master's address: %w", err)
	}
	return onPort(o.Port, func(own int) (*Server, error) {
		lines := append(o.TLS.listening(own),
			"bind 127.0.0.1", fmt.Sprintf("dir %q", o.Folder),
			fmt.Sprintf("sentinel monitor %s %s %s %d", o.Name, host, port, o.Quorum),
			// Half a second of silence is an outage: the tests wait for it.
			"sentinel down-after-milliseconds "+o.Name+" 500",
			"sentinel failover-timeout "+o.Name+" 2000",
		)
		if o.TLS != nil {
			lines = append(lines, "tls-replication yes")
		}
		lines = append(lines, o.Settings...)
		file := filepath.Join(o.Folder, fmt.Sprintf("sentinel-%d.conf", own))
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			return nil, fmt.Errorf("writing the sentinel's file: %w", err)
		}
		return run(own, "+monitor master", "", nil, file, "--sentinel")
	})
}
