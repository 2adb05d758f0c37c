package tieredlimit

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tollgate/test/redistest"
)

// plainGCRA is the field's usual: one string that holds the theoretical arrival time, by Redis' clock. It
// knows no day, and admits up to twice its rate in a second.
const plainGCRA = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local every, burst = 1000000 / ARGV[1], tonumber(ARGV[2])
local tat = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + every
local left = math.floor((now - tat) / every + burst)
if left < 0 then
  return {0, 0, math.ceil(tat - burst * every - now)}
end
redis.call('SET', KEYS[1], string.format('%.0f', tat), 'EX', math.ceil((tat - now) / 1000000))
return {1, left, 0}`

// fixedWindows counts in windows that begin with their first request: a rejected request counts too, and
// twice the rate passes about a window's end.
const fixedWindows = `
local reply = {1}
for i = 1, 2 do
  local used = redis.call('INCR', KEYS[i])
  if used == 1 then
    redis.call('EXPIRE', KEYS[i], ARGV[2 * i])
  end
  local left = ARGV[2 * i - 1] - used
  if left < 0 then
    reply[1], left = 0, 0
  end
  reply[i + 1] = left
end
return reply`

const (
	benchConnections = 16
	benchPipelined   = 16
	benchRounds      = 5
	benchSettles     = time.Second // until full rings give up as many slots as they take
	benchMeasures    = 500 * time.Millisecond
)

// contender is one script, and the arguments of its calls.
type contender struct {
	name, script string
	keys         int
	args         []string

	commands [][]byte // one for each consumer
	took     []pace
}

// pace is what one turn measured.
type pace struct {
	perSecond, cpu, admitted float64 // cpu: nanoseconds of redis-server a script
}

func contenders(tb testing.TB) []*contender {
	ours := func(name string, tps, burst int64) *contender {
		l := Limits{TPS: tps, Burst: burst, Quota: 1e9, Days: daysOf(tb, "UTC")}
		return &contender{name: name, script: limitScript, keys: 2, args: scriptArgs(l, 1)}
	}
	return []*contender{
		ours("exact_100_and_day", 100, 0),
		ours("exact_10000_and_day", 10_000, 0),
		ours("bucket_100_and_day", 100, 100),
		ours("day_only", 0, 0),
		{name: "plain_GCRA_100", script: plainGCRA, keys: 1, args: []string{"100", "100"}},
		{name: "fixed_windows_100_and_day", script: fixedWindows, keys: 2, args: []string{"100", "1", "1000000000", "86400"}},
	}
}

// scriptArgs are the arguments of limit.lua.
func scriptArgs(l Limits, n int64) []string {
	numbers := []int64{l.TPS, l.Burst, l.Quota, n}
	if l.Quota > 0 {
		numbers = append(numbers, l.Days.around(time.Now())[:]...)
	}
	args := make([]string, len(numbers))
	for i, n := range numbers {
		args[i] = strconv.FormatInt(n, 10)
	}
	return args
}

// wire is how a call of a script goes over the wire.
func wire(sha string, keys, args []string) []byte {
	return command(slices.Concat([]string{"EVALSHA", sha, strconv.Itoa(len(keys))}, keys, args)...)
}

// BenchmarkRedis measures what Redis itself does in a second, and its CPU time for a script: turn by turn,
// so that all contenders meet the same machine. It reports medians.
func BenchmarkRedis(b *testing.B) {
	all := contenders(b)
	race(b, all)
	for _, c := range all {
		b.Run(c.name, func(b *testing.B) {
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(c.took, func(p pace) float64 { return p.perSecond }), "scripts/s")
			b.ReportMetric(median(c.took, func(p pace) float64 { return p.cpu }), "redis-cpu-ns/script")
			b.ReportMetric(100*median(c.took, func(p pace) float64 { return p.admitted }), "%admitted")
		})
	}
}

func median(of []pace, what func(pace) float64) float64 {
	values := make([]float64, len(of))
	for i, p := range of {
		values[i] = what(p)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// race gives every contender its turns.
func race(b *testing.B, all []*contender) {
	addr := redistest.Start(b)
	client := redis.NewClient(&redis.Options{Addr: addr})
	b.Cleanup(func() { _ = client.Close() })
	for _, c := range all {
		c.load(b, client)
	}
	lines := make([]*line, benchConnections)
	for i := range lines {
		lines[i] = dial(b, addr)
	}
	for range benchRounds {
		for _, c := range all {
			c.run(b, client, lines, benchSettles)
			c.took = append(c.took, c.run(b, client, lines, benchMeasures))
		}
	}
}

// load loads the script, and lays its commands out.
func (c *contender) load(b *testing.B, client *redis.Client) {
	sha, err := client.ScriptLoad(b.Context(), c.script).Result()
	if err != nil {
		b.Fatal(err)
	}
	for i := range benchConsumers {
		key := keys(c.name + ":" + consumerKey(i))
		c.commands = append(c.commands, wire(sha, key[:c.keys], c.args))
	}
}

// run keeps Redis busy for some time.
func (c *contender) run(b *testing.B, client *redis.Client, lines []*line, d time.Duration) pace {
	var scripts, admitted atomic.Int64
	before, start := cpuUsed(b, client), time.Now()
	var all sync.WaitGroup
	for _, l := range lines {
		all.Go(func() {
			for time.Since(start) < d {
				n, err := l.send(c.some())
				if err != nil {
					b.Error(err)
					return
				}
				admitted.Add(n)
				scripts.Add(benchPipelined)
			}
		})
	}
	all.Wait()
	took, used, n := time.Since(start), cpuUsed(b, client)-before, float64(scripts.Load())
	return pace{perSecond: n / took.Seconds(), cpu: float64(used.Nanoseconds()) / n, admitted: float64(admitted.Load()) / n}
}

// some are calls for consumers by chance.
func (c *contender) some() [][]byte {
	batch := make([][]byte, benchPipelined)
	for i := range batch {
		batch[i] = c.commands[rand.IntN(len(c.commands))]
	}
	return batch
}

// cpuUsed is the CPU time that redis-server has used.
func cpuUsed(b *testing.B, client *redis.Client) time.Duration {
	seconds := infoField(b, client, "cpu", "used_cpu_sys") + infoField(b, client, "cpu", "used_cpu_user")
	return time.Duration(seconds * float64(time.Second))
}

// infoField reads one number of what INFO tells.
func infoField(b *testing.B, client *redis.Client, section, name string) float64 {
	b.Helper()
	info, err := client.Info(b.Context(), section).Result()
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			number, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				b.Fatal(err)
			}
			return number
		}
	}
	b.Fatalf("INFO %s tells no %s", section, name)
	return 0
}
