package tieredlimit

import (
	"context"
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// pipelines are those of one store: one, or one for each master of a Cluster by its address, so that a master
// that hangs holds up its own calls only.
type pipelines struct {
	client   redis.UniversalClient
	patience time.Duration
	masterOf func(key string) string // nil where there is one Redis
	lone     *pipeline               // nil with a Cluster
	known    atomic.Bool             // a call went well, so that a Cluster's client knows its masters

	mu     sync.RWMutex
	byAddr map[string]*pipeline
}

// newPipelines has no call wait for others longer than an eighth of the timeout. A flight may have waited a quarter.
func newPipelines(client redis.UniversalClient, timeout time.Duration, masterOf func(key string) string) *pipelines {
	p := &pipelines{client: client, patience: timeout / 8, masterOf: masterOf, byAddr: map[string]*pipeline{}}
	if lone, ok := client.(*redis.Client); ok {
		p.lone = &pipeline{sender: loneSender{lone}, patience: p.patience}
	}
	return p
}

// of returns what makes the calls for a key of Redis.
func (p *pipelines) of(key string) caller {
	switch {
	case p.lone != nil:
		return p.lone
	case !p.known.Load():
		return p.client
	}
	addr := p.masterOf(key)
	p.mu.RLock()
	found := p.byAddr[addr]
	p.mu.RUnlock()
	if found != nil {
		return found
	}
	return p.add(addr)
}

// maxMasters bounds the pipelines of one store: masters that have gone are not told of.
const maxMasters = 1024

// add makes the pipeline of a master.
func (p *pipelines) add(addr string) *pipeline {
	p.mu.Lock()
	defer p.mu.Unlock()
	if found := p.byAddr[addr]; found != nil {
		return found
	}
	if len(p.byAddr) >= maxMasters {
		maps.DeleteFunc(p.byAddr, func(_ string, made *pipeline) bool { return made.idle() })
	}
	made := &pipeline{sender: clusterSender{p.client.(*redis.ClusterClient)}, patience: p.patience}
	p.byAddr[addr] = made
	return made
}

// met takes note that a call went well. Of an error it is not known who has answered it: the slots may be unknown.
func (p *pipelines) met() {
	if !p.known.Load() {
		p.known.Store(true)
	}
}

// loneSender reaches one Redis, or the master that sentinels tell of.
type loneSender struct{ *redis.Client }

func (s loneSender) together(ctx context.Context, calls []redis.Cmder) {
	inOneWrite(ctx, s.Client, calls)
}

func (loneSender) follows(error) bool { return false }

// clusterSender reaches the master that has a key.
type clusterSender struct{ *redis.ClusterClient }

// together asks the master of the first call's key. It does not leave that to the client of the cluster, which
// waits before it follows a slot that has moved, and follows with all that were told so at once: each call does
// that by itself.
func (s clusterSender) together(ctx context.Context, calls []redis.Cmder) {
	key, _ := calls[0].Args()[firstKey].(string)
	master, err := s.MasterForKey(ctx, key)
	if err != nil {
		for _, call := range calls {
			call.SetErr(undone{err})
		}
		return
	}
	inOneWrite(ctx, master, calls)
}

// follows tells what the client of a cluster follows: a slot that has moved or moves, a master that has become a
// replica, and a node that it has forgotten meanwhile.
func (clusterSender) follows(err error) bool {
	_, moved := redis.IsMovedError(err)
	_, ask := redis.IsAskError(err)
	return moved || ask || isReadOnly(err) || errors.Is(err, redis.ErrClosed)
}

func inOneWrite(ctx context.Context, client *redis.Client, calls []redis.Cmder) {
	all := client.Pipeline()
	_ = all.BatchProcess(ctx, calls...)
	_, err := all.Exec(ctx)
	if err == nil {
		return
	}
	// It is that of one of the calls, or what Redis answered as the connection was set up, such as WRONGPASS: that
	// go-redis tells none of the calls. One that was answered keeps its answer (queued).
	for _, call := range calls {
		if call.Err() == nil {
			call.SetErr(err)
		}
	}
}
