package tieredlimit

import "context"

// learning is a store from whose answers a node learns for the time without it.
type learning struct {
	Store
	local *local
}

// Take asks the store.
func (s learning) Take(ctx context.Context, key string, l Limits, n int64) (Outcome, error) {
	settles := s.local.settles.Load()
	out, err := s.Store.Take(ctx, key, l, n)
	if err == nil && l.Quota > 0 {
		s.local.learn(key, l, out, settles)
	}
	return out, err
}
