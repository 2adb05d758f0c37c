// Package span judges by the clients' clock how many requests passed at most in any rolling second.
package span

import (
	"slices"
	"time"
)

// Span is from when a request was sent to when it was answered: at some time within it was admitted.
type Span struct{ Sent, Answered time.Time }

// Most is how many passed in less than a second at least, whenever it began: of those that were sent and
// answered within it nobody doubts.
func Most(all []Span) (most int) {
	all = slices.SortedFunc(slices.Values(all), func(a, b Span) int { return a.Sent.Compare(b.Sent) })
	for i, first := range all {
		n := 0
		for _, s := range all[i:] {
			if s.Sent.Sub(first.Sent) >= time.Second {
				break
			}
			if s.Answered.Sub(first.Sent) < time.Second {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}
