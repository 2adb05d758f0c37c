package tieredlimit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	"tollgate/test/redistest"
)

// Why one address cannot be reached says nothing of another, in whichever order they are tried.
func TestTheTroubleOfAnAddressIsItsOwn(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	here, away := listener.Addr().String(), unusedAddress(t)
	for _, order := range [][]string{{away, here}, {here, away}, {away, here, away, here}} {
		d := &dialer{}
		for _, addr := range order {
			if conn, err := d.dial(t.Context(), "tcp", addr); err == nil {
				_ = conn.Close()
			}
		}
		if got := d.waited(away, context.DeadlineExceeded); !errors.Is(got, errUnreachable) || !errors.Is(got, errNothingDone) || errors.Is(got, errWaiting) {
			t.Errorf("after %v: a call to the one that is away gets %v", order, got)
		}
		if got := d.waited(here, context.DeadlineExceeded); errors.Is(got, errUnreachable) {
			t.Errorf("after %v: a call to the other gets %v", order, got)
		}
		if got, want := errors.Is(d.waited("", context.DeadlineExceeded), errUnreachable), order[len(order)-1] == away; got != want {
			t.Errorf("after %v: a call to nobody knows where is told of the last attempt %v, want %v", order, got, want)
		}
	}
}

// Of attempts at once the one that has come furthest says what is waited for.
func TestTheTroubleOfAnAttemptIsThatOfTheFurthest(t *testing.T) {
	d := &dialer{}
	for _, step := range []struct{ waits, want error }{
		{errLocating, errLocating}, {errConnecting, errConnecting}, {errSilentTLS, errSilentTLS},
		{errLocating, errSilentTLS}, {errConnecting, errSilentTLS},
	} {
		d.await("node:1", step.waits)
		if got := d.waited("node:1", context.DeadlineExceeded); !errors.Is(got, step.want) {
			t.Errorf("with one that waits for %v: %v, want %v", step.waits, got, step.want)
		}
	}
}

// Nodes that come and go leave no more than a few words.
func TestTheTroublesOfManyAddressesAreBounded(t *testing.T) {
	var all troubles
	for i := range 3 * maxTroubles {
		all.set(fmt.Sprint("node:", i), errSilent)
	}
	if n := len(all.byAddr); n > maxTroubles {
		t.Errorf("%d addresses are remembered", n)
	}
	if all.of(fmt.Sprint("node:", 3*maxTroubles-1)) == nil {
		t.Error("the last one is forgotten")
	}
}

// What a call waits for is told of the master that has its key.
func TestTheTroubleOfACallIsThatOfItsMaster(t *testing.T) {
	t.Parallel() // a cluster takes seconds to agree
	addrs := redistest.StartCluster(t, 3)
	s := openRecord(t, byNodes(t, addrs...), limitScript)
	take(t, s, "a", Limits{TPS: 1})
	const away = 1
	s.dialer.troubles.set(addrs[away], s.dialer.unreachable(errors.New("refused")))
	s.dialer.troubles.set(addrs[0], nil)
	for i, slot := range []int{0, 5461, 10922} {
		got := errors.Is(s.waited(keys(inSlot(slot, 1)[0])[0], context.DeadlineExceeded), errUnreachable)
		if got != (i == away) {
			t.Errorf("a call to master %d is told that it cannot be reached %v, want %v", i, got, i == away)
		}
	}
}
