package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// aResult has turns of so many requests a second, each request of which costs Kong 100 µs.
func aResult(name string, against []string, rates ...float64) result {
	r := result{route: route{name: name, title: "key-auth + " + name + " <&>", against: against, ours: against != nil}}
	for _, perSecond := range rates {
		r.turns = append(r.turns, turn{
			load: load{requests: int(perSecond), perSecond: perSecond, p50: time.Millisecond, p99: 7 * time.Millisecond},
			kong: time.Duration(perSecond) * 100 * time.Microsecond, foreign: perSecond / 1e6,
		})
	}
	return r
}

// A machine that is slow in one round is slow for both routes: rounds are compared, then their median taken.
func TestReport(t *testing.T) {
	results := []result{aResult("theirs", nil, 1000, 100, 2000, 1000, 1000),
		aResult("others", nil, 2500, 100, 4000, 1000, 1000),
		aResult("ours", []string{"theirs", "others"}, 2500, 200, 8000, 3000, 1000),
	}
	got := report("a machine", options{rounds: 5, turn: 4 * time.Second, connections: 16, environment: []string{"GOGC=50", "GOMAXPROCS=1"}}, results)
	for _, want := range []string{
		"a machine.\n16 connections, turns of 4s, 5 rounds. Medians", " % of one processor during a turn. With `GOGC=50`, `GOMAXPROCS=1`.\n",
		"| key-auth + theirs <&> | 1000 | 1.0 | 7.0 | 100 | 0 | 0 | 1000 to 1000 |  |",
		"| key-auth + ours <&> | 2500 | 1.0 | 7.0 | 100 | 0 | 0 | 1000 to 3000 | 2.50 (2.00 to 3.00) × theirs <&>; 2.00 (1.00 to 2.00) × others <&> |",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestTheTableReplacesWhatStoodBetweenTheMarks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "BENCH.md")
	if err := os.WriteFile(file, []byte("before\n"+begin+"old\n"+end+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time as the first
		if err := replaceSection(file, "new\n"); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(file)
		if want := "before\n" + begin + "\nnew\n\n" + end + "after\n"; string(got) != want || err != nil {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}

func TestADocumentWithoutMarksStaysAsItIs(t *testing.T) {
	for name, text := range map[string]string{"no marks": "text\n", "only the first": "text\n" + begin, "in the wrong order": end + begin} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "BENCH.md")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			err := replaceSection(file, "new\n")
			if got, _ := os.ReadFile(file); err == nil || string(got) != text {
				t.Errorf("error %v, and it holds %q", err, got)
			}
		})
	}
}

// The document of the repository has the place for the table.
func TestTheDocumentHasMarks(t *testing.T) {
	text, err := os.ReadFile("../BENCH.md")
	if err != nil || strings.Count(string(text), begin) != 1 || !strings.Contains(string(text), end) {
		t.Errorf("%v: no place for a table in\n%s", err, text)
	}
}

func TestThePlotIsXMLWithABarForEachRoute(t *testing.T) {
	results := []result{aResult("theirs", nil, 1000), aResult("ours", []string{"theirs"}, 2000)}
	text := plot(results)
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
	}
	for _, want := range []string{`width="300" height="16" fill="#1a66b3"`, `width="150" height="16" fill="#9aa5b1"`, "ours &lt;&amp;&gt;"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

func TestHalfOfTheRoundsAreBetweenQuartiles(t *testing.T) {
	for n := 1; n <= 20; n++ {
		var values []float64
		for i := range n {
			values = append(values, float64((i+n/2)%n)) // all below n, the middle first
		}
		lower, median, upper := quartiles(values)
		if between := int(upper-lower) + 1; between != (n+1)/2 || median < lower || median > upper {
			t.Errorf("of %d rounds %d are between %v and %v, the median is %v", n, between, lower, upper, median)
		}
	}
}
