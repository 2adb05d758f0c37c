package kongsim

import "errors"

// raised is what Lua throws. It ends the plugin's turn with a 500 and is never
// retried, while an error that Lua returns may be.
type raised struct{ reason string }

func (r raised) Error() string { return r.reason }

func raise(err error) error {
	if isRaised(err) {
		return err
	}
	return raised{err.Error()}
}

func isRaised(err error) bool {
	var r raised
	return errors.As(err, &r)
}

// errExited ends an event whose plugin has called kong.response.exit: Kong
// suspends the plugin for good there.
var errExited = errors.New("the plugin has exited")
