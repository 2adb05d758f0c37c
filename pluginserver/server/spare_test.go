package server

import (
	"sync"
	"testing"
	"testing/synctest"
)

func TestAGoroutineWhoseConnectionHasEndedServesTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := newSpare(), &conn{}
		if s.take(c) {
			t.Error("a connection is taken, and nobody waits")
		}
		served := make(chan *conn)
		go func() {
			got, _ := s.next()
			served <- got
		}()
		synctest.Wait()
		if !s.take(c) || <-served != c {
			t.Error("the connection is not served by the one that waits")
		}
		if s.take(c) {
			t.Error("a connection is taken by one that serves another")
		}
	})
}

func TestSpareGoroutinesAreFewAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSpare()
		var ended sync.WaitGroup
		left := make(chan bool, mostSpare+10)
		for range cap(left) {
			ended.Go(func() {
				_, ok := s.next()
				left <- ok
			})
		}
		synctest.Wait()
		if n := len(left); n != 10 {
			t.Errorf("%d of %d end at once, want 10", n, cap(left))
		}
		s.dismiss()
		ended.Wait()
		close(left)
		for ok := range left {
			if ok {
				t.Error("one is told of a connection")
			}
		}
		if _, ok := s.next(); ok {
			t.Error("one is told of a connection after all were dismissed")
		}
	})
}
