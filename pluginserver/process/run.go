package process

import (
	"os"
	"syscall"
	"time"
)

// run is the state of one Supervisor.Run. Only its goroutine touches it.
type run struct {
	s       *Supervisor
	signals chan os.Signal
	answers chan answer // of the probe under way

	server, gateway int // process ids; zero where there is none
	serverStarted   time.Time
	silent          *time.Timer // fires when the server has given no answer for too long
	probing         bool
	backoff         time.Duration
	restart         *time.Timer
	stopping        *syscall.Signal // what told the parent to end
	gatewayExit     *exit
}

// answer is the outcome of one probe.
type answer struct {
	server int // the process that was asked
	err    error
}

// watch keeps the server answering until the gateway has ended, and returns the gateway's code.
func (r *run) watch() int {
	ticker := time.NewTicker(r.s.Timing.Probe)
	defer ticker.Stop()
	for r.gatewayExit == nil {
		select {
		case sig := <-r.signals:
			r.handle(sig)
		case <-r.restart.C:
			if err := r.startServer(); err != nil {
				r.s.Log.Error("restarting the plugin server", "error", err)
				r.scheduleRestart()
			}
		case a := <-r.answers:
			r.probed(a)
		case <-ticker.C:
			r.probe()
		case <-r.silent.C:
			r.killServer()
		}
	}
	return r.gatewayExit.code()
}

// handle deals with one signal: children are reaped, everything else goes to the gateway.
func (r *run) handle(sig os.Signal) {
	number, ok := sig.(syscall.Signal)
	if !ok {
		return
	}
	switch number {
	case syscall.SIGCHLD:
		for _, ended := range reap() {
			r.ended(ended)
		}
		return
	case syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT:
		r.stopping = &number
	}
	if r.gateway != 0 {
		r.s.Log.Info("passing a signal to the gateway", "signal", number.String())
		_ = syscall.Kill(r.gateway, number)
	}
}

// ended notes the end of a child. A server is started again; orphans are nothing more than reaped.
func (r *run) ended(e exit) {
	switch e.pid {
	case r.gateway:
		r.s.Log.Info("gateway ended", "how", e.String())
		r.gateway, r.gatewayExit = 0, &e
	case r.server:
		r.s.Log.Error("plugin server ended", "pid", e.pid, "how", e.String())
		r.server = 0
		r.scheduleRestart()
	}
}

// scheduleRestart starts the server again: at once where the last one lived long, else after a wait
// that doubles each time.
func (r *run) scheduleRestart() {
	timing := r.s.Timing
	if time.Since(r.serverStarted) > timing.BackoffMax {
		r.backoff = 0
	}
	r.restart.Reset(r.backoff)
	r.backoff = min(max(2*r.backoff, timing.BackoffMin), timing.BackoffMax)
}

func (r *run) startServer() error {
	pid, err := startServer(r.s.Server, r.s.Log)
	r.serverStarted = time.Now()
	if err != nil {
		return err
	}
	r.s.Log.Info("plugin server started", "pid", pid)
	r.server = pid
	r.silent.Reset(r.s.Timing.Start) // its first answer may take longer than any later one
	return nil
}

// probe asks the server whether it answers, unless it is being asked.
func (r *run) probe() {
	if r.server == 0 || r.probing {
		return
	}
	r.probing = true
	go func(server int) {
		_, err := Probe(r.s.Socket, r.s.Timing.Probe)
		r.answers <- answer{server, err} // never blocks: one probe at a time
	}(r.server)
}

// killServer ends a server that has been silent for too long, even one that is stopped and would
// never end by itself.
func (r *run) killServer() {
	if r.server == 0 {
		return
	}
	r.s.Log.Error("plugin server gives no answer, killing it", "pid", r.server, "silence", r.s.Timing.Silence.String())
	_ = syscall.Kill(r.server, syscall.SIGKILL)
}

// probed notes an answer, unless it is of a server that has been replaced meanwhile.
func (r *run) probed(a answer) {
	r.probing = false
	switch {
	case a.server != r.server:
	case a.err != nil:
		r.s.Log.Warn("plugin server", "error", a.err)
	default:
		r.silent.Reset(r.s.Timing.Silence)
	}
}

// stopServer ends the server: politely, then by force.
func (r *run) stopServer() {
	if r.server == 0 {
		return
	}
	_ = syscall.Kill(r.server, syscall.SIGTERM)
	force := time.NewTimer(r.s.Timing.Stop)
	defer force.Stop()
	for {
		select {
		case sig := <-r.signals:
			if sig != syscall.SIGCHLD {
				continue
			}
			for _, e := range reap() {
				if e.pid == r.server {
					return
				}
			}
		case <-force.C:
			r.s.Log.Error("plugin server does not stop, killing it", "pid", r.server)
			_ = syscall.Kill(r.server, syscall.SIGKILL)
		}
	}
}
