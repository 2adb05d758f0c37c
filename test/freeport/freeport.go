// Package freeport finds TCP ports on the loopback address for processes that want to be told theirs.
package freeport

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// The ports lie below those that systems give to outgoing connections, one of which could else take
// a port between its choice and its use.
const first, last = 20000, 31999

// Take returns a port that nobody listens on.
func Take() (int, error) {
	const attempts = 100
	for range attempts {
		if port := first + rand.IntN(last-first+1); Free(port) {
			return port, nil
		}
	}
	return 0, errors.New("no free port was found")
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
