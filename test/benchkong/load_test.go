package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What wrk 4.1.0 prints.
const (
	wrkHead = `Running 1s test @ http://127.0.0.1:8000/open
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.64ms    1.53ms  18.38ms   91.50%
    Req/Sec    10.35k     1.12k   11.84k    50.00%
`
	wrkLatency = `  Latency Distribution
     50%    1.25ms
     75%  850.00us
     90%    3.02ms
     99%    1.07s
`
	wrkRequests = `  11334 requests in 1.10s, 2.41MB read
`
	wrkTrouble = `  Socket errors: connect 1, read 2, write 3, timeout 4
  Non-2xx or 3xx responses: 11330
`
	wrkRates = `Requests/sec:  10257.43
Transfer/sec:      2.18MB
`
)

func TestReadLoad(t *testing.T) {
	want := load{requests: 11334, perSecond: 10257.43, p50: 1250 * time.Microsecond, p99: 1070 * time.Millisecond}
	troubled := want
	troubled.refused, troubled.errors = 11330, 10
	for name, row := range map[string]struct {
		text string
		want load
	}{
		"all is well":            {wrkHead + wrkLatency + wrkRequests + wrkRates, want},
		"refusals and no answer": {wrkHead + wrkLatency + wrkRequests + wrkTrouble + wrkRates, troubled},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readLoad(row.text)
			if diff := cmp.Diff(row.want, got, cmp.AllowUnexported(load{})); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestWhatIsNotThereIsAnError(t *testing.T) {
	whole := wrkHead + wrkLatency + wrkRequests + wrkRates
	for _, part := range []string{wrkLatency, wrkRequests, wrkRates} {
		if l, err := readLoad(strings.Replace(whole, part, "", 1)); err == nil {
			t.Errorf("without\n%sit reads %+v", part, l)
		}
	}
}

func TestATurnThatMeasuresSomethingElseIsAnError(t *testing.T) {
	const most = 1000
	for name, row := range map[string]struct {
		route route
		load  load
		good  bool
	}{
		"all pass":                        {route{}, load{requests: most}, true},
		"one in twenty is refused":        {route{}, load{requests: most, refused: 50}, true},
		"more are refused":                {route{}, load{requests: most, refused: 51}, false},
		"all are denied, as they should":  {route{denied: true}, load{requests: most, refused: most}, true},
		"many pass that should be denied": {route{denied: true}, load{requests: most, refused: most / 2}, false},
		"one gets no answer":              {route{}, load{requests: most, errors: 1}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := (turn{load: row.load}).check(row.route); (err == nil) != row.good {
				t.Errorf("error %v", err)
			}
		})
	}
}
