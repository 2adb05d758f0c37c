package tieredlimit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
)

// sentinels find the master. All are asked at once at each new connection, since one that hangs must not
// hold up the others, and one that was cut off may still name the master of before.
type sentinels struct {
	master string
	dialer *dialer
	nodes  []sentinel
}

// sentinel is one of them, by its address.
type sentinel struct {
	*redis.SentinelClient
	addr string
}

// masterEvery is how often the sentinels are asked whether the master is still the same. While they make
// another one the master, the old one takes writes for seconds more, which are lost.
const masterEvery = time.Second

const (
	// locateWithin is how long sentinels are waited for. It leaves time to connect to the master they name.
	locateWithin = 2 * time.Second
	// outvotedAfter is how long the others are waited for once one has named a master, where those that answer are
	// no majority.
	outvotedAfter = 250 * time.Millisecond
)

// follow gives up a dialer's connections when the sentinels name another master than they lead to, until the
// context ends. A sentinel's announcement of that would come sooner, if it came.
func (s *sentinels) follow(ctx context.Context, d *dialer) {
	every(ctx, masterEvery, func(ctx context.Context) { s.check(ctx, d) })
}

func (s *sentinels) check(ctx context.Context, d *dialer) {
	age, known := d.age.Load(), d.located.Load()
	if known == nil {
		return // nobody has connected
	}
	if found, err := s.locate(ctx); err == nil && found != *known {
		d.giveUp(age)
	}
}

// named is what one sentinel answers.
type named struct {
	addr string
	err  error
}

// locate returns the address that most sentinels name, of those that answer in time.
func (s *sentinels) locate(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, locateWithin)
	defer cancel()
	answers := make(chan named, len(s.nodes))
	for _, node := range s.nodes {
		go func() { answers <- s.ask(ctx, node) }()
	}
	return s.count(answers)
}

// ask ends with the context: its deadline reaches the socket.
func (s *sentinels) ask(ctx context.Context, node sentinel) named {
	found, err := node.GetMasterAddrByName(ctx, s.master).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return named{err: fmt.Errorf("%w %q", errUnknownMaster, s.master)}
	case err != nil:
		return named{err: sentinelTrouble(s.dialer.waited(node.addr, err))}
	case len(found) != 2: // host and port
		return named{err: fmt.Errorf("a sentinel answers with %d values", len(found))}
	}
	return named{addr: net.JoinHostPort(found[0], found[1])}
}

// count returns as soon as more than half have named the same, or those that do not answer are outvoted.
func (s *sentinels) count(answers <-chan named) (best string, err error) {
	votes := map[string]int{}
	var errs []error
	var outvoted <-chan time.Time // never, while nobody has named a master
	for range s.nodes {
		select {
		case <-outvoted:
			return best, nil
		case a := <-answers:
			if a.err != nil {
				errs = append(errs, a.err)
				continue
			}
			if votes[a.addr]++; votes[a.addr] > votes[best] || best == "" {
				best = a.addr
			}
		}
		if 2*votes[best] > len(s.nodes) {
			return best, nil
		}
		if outvoted == nil {
			outvoted = time.After(outvotedAfter)
		}
	}
	if best == "" {
		err = fmt.Errorf("%w: %w", errAskingSentinels, distinct(errs))
	}
	return best, err
}

// distinct joins errors that say different things: three sentinels mostly say the same.
func distinct(errs []error) error {
	var out []error
	said := map[string]bool{}
	for _, err := range errs {
		if !said[err.Error()] {
			said[err.Error()] = true
			out = append(out, err)
		}
	}
	return errors.Join(out...)
}

// Close closes the connections.
func (s *sentinels) Close() error {
	var errs []error
	for _, node := range s.nodes {
		errs = append(errs, node.Close())
	}
	return errors.Join(errs...)
}
