package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"time"
)

// load is what wrk saw in one turn.
type load struct {
	requests, refused int // refused: answers other than 2xx and 3xx
	errors            int // requests without an answer
	perSecond         float64
	p50, p99          time.Duration
	cpu               time.Duration // of wrk itself
}

// put has wrk ask for a route for a turn.
func (s *stack) put(ctx context.Context, r route, o options) (load, error) {
	args := []string{"-t1", "-c" + strconv.Itoa(o.connections), "-d" + o.turn.String(), "--latency"}
	for name, values := range s.header() {
		args = append(args, "-H", name+": "+values[0])
	}
	cmd := exec.CommandContext(ctx, "wrk", append(args, s.URL+"/"+r.name)...)
	out, err := cmd.Output()
	if err != nil {
		return load{}, fmt.Errorf("running wrk: %w", err)
	}
	l, err := readLoad(string(out))
	l.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return l, err
}

// readLoad reads what wrk prints. What it leaves out where there was none is 0.
func readLoad(text string) (load, error) {
	p := parser{text: text}
	l := load{
		requests:  int(p.number(`(\d+) requests in`)),
		perSecond: p.number(`Requests/sec:\s+([\d.]+)`),
		p50:       p.duration(`(?m)^ +50% +(\S+)$`),
		p99:       p.duration(`(?m)^ +99% +(\S+)$`),
	}
	refused, _ := find(text, `Non-2xx or 3xx responses: (\d+)`)
	l.refused, _ = strconv.Atoi(refused)
	for _, kind := range []string{"connect", "read", "write", "timeout"} {
		count, _ := find(text, `Socket errors:.*\b`+kind+` (\d+)`)
		n, _ := strconv.Atoi(count)
		l.errors += n
	}
	return l, p.err
}

// parser keeps the first error.
type parser struct {
	text string
	err  error
}

func (p *parser) find(pattern string) string {
	found, ok := find(p.text, pattern)
	if !ok && p.err == nil {
		p.err = fmt.Errorf("wrk printed nothing like %s:\n%s", pattern, p.text)
	}
	return found
}

func (p *parser) number(pattern string) float64 {
	n, err := strconv.ParseFloat(p.find(pattern), 64)
	if err != nil && p.err == nil {
		p.err = err
	}
	return n
}

// duration is in wrk's units, which are Go's.
func (p *parser) duration(pattern string) time.Duration {
	d, err := time.ParseDuration(p.find(pattern))
	if err != nil && p.err == nil {
		p.err = err
	}
	return d
}

func find(text, pattern string) (string, bool) {
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	return m[1], true
}
