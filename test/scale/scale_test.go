package scale

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// scaleEnv, set to 1, measures in full and prints the tables; set to the path of a document, it puts them
// there too, in the place of those before.
const scaleEnv = "TOLLGATE_SCALE"

// shared is the plugin server of all tests.
var shared func() (string, error)

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "scale-bin-")
	if err != nil {
		panic(err)
	}
	shared = binary(folder)
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(folder)
		os.Exit(code)
	}))
}

// TestScale measures in full, for some twenty minutes.
func TestScale(t *testing.T) {
	document := os.Getenv(scaleEnv)
	if document == "" {
		t.Skip("measures for some twenty minutes: make scale runs it")
	}
	m := &meter{
		binary: shared, nodes: []int{1, masters}, kinds: kinds(), rounds: 5, round: 1500 * time.Millisecond, pace: 3000, few: 1000, many: 1_000_000,
		connections: []int{1, 16, 256}, full: 80_000, dayLasts: 2 * time.Minute,
		print: func(measured table) {
			fmt.Printf("\n%s\n\n%s", measured.name, measured)
			if document != "1" {
				keep(t, document, measured)
			}
		},
	}
	t.Run("requests", m.requests)
	t.Run("connections", m.gateways)
	t.Run("memory", m.memory)
	t.Run("day end", m.dayEnd)
}

func keep(t *testing.T, path string, measured table) {
	t.Helper()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	after, err := measured.in(string(before))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(after), 0o644); err != nil {
		t.Fatal(err)
	}
}
