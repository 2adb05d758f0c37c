package command

import "time"

// Option changes what no flag does: how the process is made up.
type Option func(*settings)

// WithClock lets the plugins tell the time by now; the default is time.Now. Tests run servers whose
// clocks differ.
func WithClock(now func() time.Time) Option { return func(s *settings) { s.now = now } }
