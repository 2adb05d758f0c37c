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
	silent          *time.Timer   // fires when the server has given no answer for too long
	patience        time.Duration // of silence: more for each server in a row that was killed for it
	eager           *time.Timer   // fires when a server that has not answered yet is to be asked
	answered        bool          // the server has answered
	probing         bool
	backoff         time.Duration
	restart         *time.Timer
	stopping        *syscall.Signal // what told the parent to end
	gatewayExit     *exit
}

// answer is the outcome of one probe.
type answer struct {
	server  int // the process that was asked
	plugins []string
	err     error
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
		case <-r.eager.C:
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
	r.server, r.answered = pid, false
	r.silent.Reset(r.s.Timing.Start) // its first answer may take longer than any later one
	r.eager.Reset(eagerStep)         // and from then on less silence is borne
	return nil
}

// eagerStep is how soon a server that has not answered yet is asked again.
const eagerStep = 20 * time.Millisecond

// probe asks the server whether it answers, unless it is being asked.
func (r *run) probe() {
	if r.server == 0 || r.probing {
		return
	}
	r.probing = true
	go func(server int) {
		plugins, err := Probe(r.s.Socket, r.s.Timing.Probe)
		r.answers <- answer{server, plugins, err} // never blocks: one probe at a time
	}(r.server)
}

// mostPatience is how many times the usual silence is borne at most.
const mostPatience = 4

// killServer ends a server that has been silent for too long, even one that is stopped and would
// never end by itself. Where the machine is too busy for any answer in time, killing one server after the other
// would make it busier: the next one has twice the time.
func (r *run) killServer() {
	if r.server == 0 {
		return
	}
	silence := r.patience
	if !r.answered {
		silence = r.s.Timing.Start
	}
	r.s.Log.Error("plugin server gives no answer, killing it", "pid", r.server, "silence", silence.String())
	_ = syscall.Kill(r.server, syscall.SIGKILL)
	r.patience = min(2*r.patience, mostPatience*r.s.Timing.Silence)
}

// probed notes an answer, unless it is of a server that has been replaced meanwhile.
func (r *run) probed(a answer) {
	r.probing = false
	switch {
	case a.server != r.server:
	case a.err != nil && !r.answered:
		r.eager.Reset(eagerStep)
	case a.err != nil:
		r.s.Log.Warn("plugin server", "error", a.err)
	default:
		r.hear(a.plugins)
	}
}

// hear notes that the server has answered.
func (r *run) hear(plugins []string) {
	if !r.answered {
		r.s.Log.Info("plugin server answers", "pid", r.server, "plugins", plugins)
	}
	r.answered = true
	if time.Since(r.serverStarted) > r.s.Timing.BackoffMax {
		r.patience = r.s.Timing.Silence
	}
	r.silent.Reset(r.patience)
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
