package observability

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if err := closeStage(); err != nil {
		fmt.Fprintln(os.Stderr, "observability:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// root is the repository.
const root = "../.."

func inRepository(path ...string) string { return filepath.Join(append([]string{root}, path...)...) }

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
