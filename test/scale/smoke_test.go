package scale

import (
	"os"
	"strings"
	"testing"
	"time"

	"tollgate/test/redistest"
)

// short measures too little for its figures to count, but checks what they are (meter.check).
func short(t *testing.T, nodes int) (m *meter, printed map[string]table) {
	t.Helper()
	t.Parallel()
	redistest.Start(t) // skips the test where there is no redis-server
	document, err := os.ReadFile("../SCALE.md")
	if err != nil {
		t.Fatal(err)
	}
	printed = map[string]table{}
	return &meter{
		binary: shared, nodes: []int{nodes}, kinds: kinds()[:1], rounds: 1, round: 100 * time.Millisecond, pace: 1000, few: 10, many: 1000,
		connections: []int{1, 4}, full: 300,
		print: func(measured table) {
			printed[measured.name] = measured
			head, _, _ := strings.Cut(measured.String(), "\n")
			if !strings.Contains(string(document), "<!-- measured: "+measured.name+" -->\n"+head+"\n") {
				t.Errorf("test/SCALE.md has no table %q with the head\n%s", measured.name, head)
			}
		},
	}, printed
}

func TestARequestIsMeasuredAtOneAndAtAThousandConsumers(t *testing.T) {
	m, printed := short(t, 1)
	m.requests(t)
	const rows = 6 // one, some and a thousand consumers, each with and without some of the day left
	if costs := printed["requests"]; len(costs.rows) != rows {
		t.Errorf("%d rows, want %d:\n%s", len(costs.rows), rows, costs)
	}
}

func TestAClusterAndItsConnectionsAreMeasured(t *testing.T) {
	m, printed := short(t, masters)
	m.gateways(t)
	for _, row := range printed["connections"].rows {
		open := strings.Split(row[len(row)-1], ", ")
		if len(open) != masters || row[1] == "10" && strings.Contains(row[len(row)-1], "0,") && row[2] == "4" {
			t.Errorf("connections to the masters: %q", open)
		}
	}
}

func TestWhatAPluginServerHoldsIsMeasured(t *testing.T) {
	m, printed := short(t, 1)
	m.memory(t)
	for i, exhausted := range map[int]bool{0: false, 2: false, 3: true, 4: false} {
		row := printed["server memory"].rows[i]
		counts, denials := row[len(row)-2], row[len(row)-1]
		// What the server remembers of denials it may have forgotten at its first look at Redis.
		if want := map[bool]string{false: "300", true: "0"}[i == 0]; counts != want || exhausted != (denials != "0") {
			t.Errorf("%s: it knows %s counts, want %s, and %s denials", row[0], counts, want, denials)
		}
	}
}
