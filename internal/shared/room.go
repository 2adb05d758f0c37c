package shared

import (
	"errors"
	"fmt"
	"sync/atomic"
)

// ErrNoRoom tells that what many hold together would become too much.
var ErrNoRoom = errors.New("there is no room")

// Room is memory that many share, counted in bytes.
type Room struct {
	size  int64
	taken atomic.Int64
}

// NewRoom returns an empty one of the given size.
func NewRoom(size int) *Room { return &Room{size: int64(size)} }

// Take takes bytes, and fails with ErrNoRoom where there are not as many left.
func (r *Room) Take(bytes int) error {
	if taken := r.taken.Add(int64(bytes)); taken > r.size {
		r.taken.Add(-int64(bytes))
		return fmt.Errorf("%w: %d bytes more, of %d in all", ErrNoRoom, bytes, r.size)
	}
	return nil
}

// Give gives bytes back that were taken.
func (r *Room) Give(bytes int) { r.taken.Add(-int64(bytes)) }

// Taken is how many bytes are.
func (r *Room) Taken() int { return int(r.taken.Load()) }
