package loadbalancer

import "strings"

// Line is a header line.
type Line struct{ Name, Value string }

// Behaviour is what a load balancer does to each request. Its zero value changes nothing.
type Behaviour struct {
	// Erase overwrites the values of these headers with spaces, as "Request Header Erase" of a F5's HTTP
	// profile does.
	Erase []string
	// Delete removes all lines of these headers, as an iRule does.
	Delete []string
	// Insert adds these lines, as "Request Header Insert" or an iRule does, whatever the client sent.
	Insert []Line
	// Replace puts one line in place of all that have its name, and adds it where there are none.
	Replace []Line
	// Host rewrites the Host.
	Host string
	// ForwardedFor adds the client's address, as a line of its own where there is one already.
	ForwardedFor bool
	// Reject closes the connection of requests with these methods, as a F5 does to methods that its HTTP
	// profile does not know.
	Reject []string
	// PassAfter lets what follows a connection's first so many requests pass untouched, as a F5 does whose
	// HTTP filter was switched off by a pipelined or an excessive request. Only the proxy F5 can.
	PassAfter int
}

// apply returns the lines as they leave for the server.
func (b Behaviour) apply(lines []Line, client string) []Line {
	out := make([]Line, 0, len(lines)+len(b.Insert)+1)
	replaced := map[string]bool{}
	for _, line := range lines {
		switch {
		case named(b.Delete, line.Name):
			continue
		case named(b.Erase, line.Name):
			line.Value = strings.Repeat(" ", len(line.Value))
		case b.Host != "" && strings.EqualFold(line.Name, "Host"):
			line.Value = b.Host
		}
		if with, ok := find(b.Replace, line.Name); ok {
			if replaced[with.Name] {
				continue
			}
			replaced[with.Name], line = true, with
		}
		out = append(out, line)
	}
	for _, with := range b.Replace {
		if !replaced[with.Name] {
			out = append(out, with)
		}
	}
	if b.ForwardedFor {
		out = append(out, Line{"X-Forwarded-For", client})
	}
	return append(out, b.Insert...)
}

func named(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

func find(lines []Line, name string) (Line, bool) {
	for _, line := range lines {
		if strings.EqualFold(line.Name, name) {
			return line, true
		}
	}
	return Line{}, false
}
