package tieredlimit

import (
	"errors"
	"slices"
	"sync"
)

// maxTroubles bounds of how many addresses it is known why they cannot be reached: nodes of a cluster may come and go,
// each with an address of its own. A thousand nodes are the most that Redis' documentation recommends.
const maxTroubles = 1024

// troubles are why the last attempts to connect failed, or what they wait for, by the address that go-redis gives; none of
// an address since one has succeeded. They outlast the connections. Their zero value is ready to use.
type troubles struct {
	mu     sync.Mutex
	byAddr map[string]error
	last   string // the address of the last attempt
}

// set takes note of how an attempt ended.
func (t *troubles) set(addr string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.put(addr, err)
}

// stages are what an attempt waits for, in their order.
var stages = [...]error{errLocating, errConnecting, errSilentTLS}

func stageOf(err error) int {
	return slices.IndexFunc(stages[:], func(stage error) bool { return errors.Is(err, stage) })
}

// await takes note of what an attempt waits for, unless it is known why the one before it failed, or another one has
// come further.
func (t *troubles) await(addr string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if before := t.byAddr[addr]; before == nil || errors.Is(before, errWaiting) && stageOf(before) <= stageOf(err) {
		t.put(addr, err)
	}
}

func (t *troubles) put(addr string, err error) {
	t.last = addr
	if err == nil {
		delete(t.byAddr, addr)
		return
	}
	if _, known := t.byAddr[addr]; t.byAddr == nil || !known && len(t.byAddr) >= maxTroubles {
		t.byAddr = map[string]error{}
	}
	t.byAddr[addr] = err
}

// of returns the trouble of an address, or of the last that was tried where it is empty; nil for none.
func (t *troubles) of(addr string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if addr == "" {
		addr = t.last
	}
	return t.byAddr[addr]
}
