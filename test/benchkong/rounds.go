package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// turn is what one turn of a route came to.
type turn struct {
	load
	kong, plugins, redis time.Duration // CPU time
	// foreign is the share of a processor that was used by what has no part in this.
	foreign float64
}

// result is all turns of a route.
type result struct {
	route
	turns []turn
}

func (s *stack) run(ctx context.Context, o options) ([]result, error) {
	chosen, err := s.start(ctx, o)
	if err != nil {
		return nil, err
	}
	results := make([]result, len(chosen))
	for i, r := range chosen {
		results[i].route = r
		// Connections, pools and caches fill, and LuaJIT compiles.
		if _, err := s.turn(ctx, r, options{turn: time.Second, connections: o.connections}); err != nil {
			return nil, err
		}
	}
	for round := range o.rounds {
		for i := range results {
			t, err := s.quietTurn(ctx, results[i].route, o)
			if err != nil {
				return nil, err
			}
			results[i].turns = append(results[i].turns, t)
			fmt.Fprintf(os.Stderr, "round %d %-10s %7.0f/s p99 %v, foreign %.0f %%\n", round+1, results[i].name, t.perSecond, t.p99, 100*t.foreign)
		}
	}
	return results, nil
}

// quietTurn repeats a turn during which other work took more than a tenth of a processor.
func (s *stack) quietTurn(ctx context.Context, r route, o options) (t turn, err error) {
	const attempts, disturbing = 5, 0.1
	for range attempts {
		if t, err = s.turn(ctx, r, o); err != nil || t.foreign < disturbing {
			break
		}
	}
	return t, err
}

func (s *stack) turn(ctx context.Context, r route, o options) (turn, error) {
	before, err := s.used()
	if err != nil {
		return turn{}, err
	}
	l, err := s.put(ctx, r, o)
	if err != nil {
		return turn{}, err
	}
	after, err := s.used()
	if err != nil {
		return turn{}, err
	}
	t := turn{load: l, kong: after.kong - before.kong, plugins: after.plugins - before.plugins, redis: after.redis - before.redis}
	others := after.machine - before.machine - (after.own - before.own) - l.cpu
	t.foreign = max(0, others.Seconds()/o.turn.Seconds())
	return t, t.check(r)
}

// mayBeOdd is the part of answers that may be others: a rate of 1 lets one in a second pass, and a fast machine's peaks
// are above the highest exact rate.
const mayBeOdd = 0.05

// check tells where a turn was not what it should measure.
func (t turn) check(r route) error {
	odd := t.refused
	if r.denied {
		odd = t.requests - t.refused
	}
	if float64(odd) > mayBeOdd*float64(t.requests) || t.errors > 0 {
		return fmt.Errorf("route %s: of %d requests %d got another answer than %d, and %d none", r.name, t.requests, odd, r.want(), t.errors)
	}
	return nil
}
