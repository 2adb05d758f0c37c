package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// median of what the turns say; of two in the middle, the lower.
func (r result) median(of func(turn) float64) float64 {
	_, median, _ := quartiles(r.values(of))
	return median
}

func (r result) values(of func(turn) float64) []float64 {
	values := make([]float64, 0, len(r.turns))
	for _, t := range r.turns {
		values = append(values, of(t))
	}
	return values
}

// quartiles are values of those given: half of them, rounded up, are from the lower to the upper one.
func quartiles(values []float64) (lower, median, upper float64) {
	sorted := slices.Sorted(slices.Values(values))
	half := (len(sorted) + 1) / 2
	first := (len(sorted) - half) / 2
	return sorted[first], sorted[half-1], sorted[first+half-1]
}

// The figures of a turn.
func rate(t turn) float64     { return t.perSecond }
func milli50(t turn) float64  { return t.p50.Seconds() * 1e3 }
func milli99(t turn) float64  { return t.p99.Seconds() * 1e3 }
func kongCPU(t turn) float64  { return t.each(t.kong) }
func goCPU(t turn) float64    { return t.each(t.plugins) }
func redisCPU(t turn) float64 { return t.each(t.redis) }

// each is the share of one request, in microseconds.
func (t turn) each(d time.Duration) float64 {
	return float64(d.Microseconds()) / float64(max(1, t.requests))
}

// ratios are, round by round, how many times the other's requests per second were reached: within a round, since the
// machine is not the same in each.
func (r result) ratios(other result) []float64 {
	out := r.values(rate)
	for i := range out {
		out[i] /= other.turns[i].perSecond
	}
	return out
}

// report is the section of test/BENCH.md.
func report(machine string, o options, results []result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s.\n%d connections, turns of %v, %d rounds. Medians of the rounds, and of requests and ratios, which are taken in each round,\n"+
		"what half of the rounds lay between. Other work took at most %.0f %% of one processor during a turn.%s\n\n", machine, o.connections, o.turn, o.rounds, 100*foreign(results), o.settings())
	b.WriteString("| route | requests/s | p50 ms | p99 ms | CPU µs a request: Kong | plugin server | Redis | half of the rounds, requests/s | times |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range results {
		lower, median, upper := quartiles(r.values(rate))
		fmt.Fprintf(&b, "| %s | %.0f | %.1f | %.1f | %.0f | %.0f | %.0f | %.0f to %.0f | %s |\n", r.title, median, r.median(milli50), r.median(milli99),
			r.median(kongCPU), r.median(goCPU), r.median(redisCPU), lower, upper, r.beside(results))
	}
	return b.String()
}

// settings are those that differ from what is shipped.
func (o options) settings() string {
	if o.environment == nil {
		return ""
	}
	return " With `" + strings.Join(o.environment, "`, `") + "`."
}

// foreign is the most of all turns.
func foreign(results []result) float64 {
	most := 0.0
	for _, r := range results {
		for _, t := range r.turns {
			most = max(most, t.foreign)
		}
	}
	return most
}

// beside tells how often the requests per second of each route that it is compared with.
func (r result) beside(all []result) string {
	var times []string
	for _, other := range all {
		if slices.Contains(r.against, other.name) {
			lower, median, upper := quartiles(r.ratios(other))
			times = append(times, fmt.Sprintf("%.2f (%.2f to %.2f) × %s", median, lower, upper, other.short()))
		}
	}
	return strings.Join(times, "; ")
}

func (r route) short() string { return strings.TrimPrefix(r.title, "key-auth + ") }

// The marks in the document between which a table stands.
const begin, end = "<!-- written by make bench-kong -->\n", "<!-- end -->\n"

// replaceSection puts the table between the marks.
func replaceSection(file, table string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading the document: %w", err)
	}
	before, rest, found := bytes.Cut(data, []byte(begin))
	_, after, ended := bytes.Cut(rest, []byte(end))
	if !found || !ended {
		return fmt.Errorf("%s has no %q that is followed by %q", file, begin, end)
	}
	text := string(before) + begin + "\n" + table + "\n" + end + string(after)
	return os.WriteFile(file, []byte(text), 0o644)
}

// describe says what was measured, where and when.
func describe() (string, error) {
	cpu, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "", fmt.Errorf("reading the machine's processors: %w", err)
	}
	model := "unknown"
	if m := regexp.MustCompile(`model name\s*: (.*)`).FindSubmatch(cpu); m != nil {
		model = strings.TrimSpace(string(m[1]))
	}
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "", fmt.Errorf("reading the kernel's version: %w", err)
	}
	kong, kongErr := firstLine("kong", "version")
	redis, redisErr := firstLine("redis-server", "--version")
	release, _, _ := strings.Cut(cmp.Or(strings.TrimSpace(string(kernel)), "unknown"), "-")
	return fmt.Sprintf("%s; %d × %s, Linux %s, %s, Kong %s with one worker, Redis %s", time.Now().UTC().Format(time.DateOnly),
		runtime.NumCPU(), model, release, runtime.Version(), kong, redis), errors.Join(kongErr, redisErr)
}

// firstLine is what a program says of its version.
func firstLine(argv ...string) (string, error) {
	out, err := exec.Command(argv[0], argv[1:]...).Output()
	if err != nil {
		return "", fmt.Errorf("asking for a version: %w", err)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	words := strings.Fields(line)
	return strings.TrimPrefix(strings.Join(words[:min(3, len(words))], " "), "Redis server v="), nil
}
