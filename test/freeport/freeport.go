// Package freeport finds TCP ports on the loopback address for processes that want to be told theirs.
package freeport

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// The ports lie below those that systems give to outgoing connections, one of which could else take
// a port between its choice and its use.
const first, last = 20000, 31999

// claimed are the ports that this process has taken, each with a socket whose name no other process
// can have meanwhile: tests that run side by side would else choose the same port before either
// listens on it. The system frees the names when the process ends.
var claimed struct {
	sync.Mutex
	names []net.Listener
}

// Take returns a port that nobody listens on, and that no other call of Take returns, in whatever
// process, until this one ends.
func Take() (int, error) {
	const attempts = 100
	for range attempts {
		if port := first + rand.IntN(last-first+1); claim(port) && Free(port) {
			return port, nil
		}
	}
	return 0, errors.New("no free port was found")
}

func claim(port int) bool {
	name, err := net.Listen("unix", fmt.Sprintf("@tollgate-port-%d", port)) // abstract: no file
	if err != nil {
		return false
	}
	claimed.Lock()
	defer claimed.Unlock()
	claimed.names = append(claimed.names, name)
	return true
}

// Or returns the port if it is free, else another.
func Or(port int) (int, error) {
	if port != 0 && Free(port) {
		return port, nil
	}
	return Take()
}

// Free tells whether the port can be listened on.
func Free(port int) bool {
	l, err := net.Listen("tcp", Address(port))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// Address is the port on the loopback address.
func Address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
