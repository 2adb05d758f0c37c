// Package tour walks through a sandbox: it sends the requests that show what Tollgate does, prints each as
// one would type it and what came back, and says whether that is what should have come.
package tour

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"tollgate/test/sandbox"
)

// errUnexpected tells that the tour went to its end, and that something came otherwise than it should.
var errUnexpected = errors.New("the tour found something that is not as it should be")

// Place is where a tour goes: the URLs of a gateway that serves kong/kong.yml as a sandbox does, and of its issuer.
type Place struct{ Gateway, Issuer string }

// Run starts a sandbox on free ports, goes through the tour and ends it. The error is nil only if all
// came as expected.
func Run(ctx context.Context, gateway sandbox.Gateway) error {
	fmt.Println("Building and starting …")
	s, err := sandbox.Start(ctx, sandbox.Options{Gateway: gateway})
	if err != nil {
		return err
	}
	fmt.Printf("\n%s", s.Describe())
	return errors.Join(Visit(ctx, Place{s.URL, s.IssuerURL}), s.Close())
}

// Visit goes through the tour at a place where all runs already, and leaves it as the tour leaves it: with a day's
// quota that is used up, and a new key at the issuer.
func Visit(ctx context.Context, at Place) error {
	began := time.Now()
	w := newWalk(ctx, at, newPrinter(os.Stdout))
	err := w.through(stops())
	w.client.CloseIdleConnections()
	if err != nil {
		return err
	}
	w.out.last(w.passed, w.failed, time.Since(began))
	if w.failed > 0 {
		return errUnexpected
	}
	return nil
}

// stop is one point of the tour.
type stop struct {
	title string
	visit func(*walk)
}

// through visits every stop unless a request does not get through at all.
func (w *walk) through(stops []stop) error {
	for i, at := range stops {
		if w.err != nil {
			return w.err
		}
		w.out.title(i+1, at.title)
		at.visit(w)
	}
	return w.err
}
