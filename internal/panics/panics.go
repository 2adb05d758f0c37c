// Package panics is the one place where a panic is caught: a plugin's mistake costs the request or the
// configuration that met it, not the process.
package panics

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// Error is a panic that was caught.
type Error struct {
	// Cause is what was passed to panic.
	Cause any
	// Stack is the goroutine's at the panic.
	Stack []byte
}

// Error names the cause only: the stack is for the operator's log.
func (e *Error) Error() string { return fmt.Sprintf("panic: %v", e.Cause) }

// Catch calls do and returns an *Error where it panics.
func Catch(do func()) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = &Error{Cause: cause, Stack: debug.Stack()}
		}
	}()
	do()
	return nil
}

// Stack is the log attribute of an error that may be, or wrap, a caught panic; an empty one else.
func Stack(err error) slog.Attr {
	if caught := (*Error)(nil); errors.As(err, &caught) {
		return slog.String("stack", string(caught.Stack))
	}
	return slog.Attr{}
}
