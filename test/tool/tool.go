// Package tool finds the programs that tests run beside the product's own.
package tool

import (
	"os"
	"os/exec"
	"testing"
)

// RequireEnv is the environment variable that, set to 1, makes a test without its program fail where it
// would be skipped.
const RequireEnv = "TOLLGATE_REQUIRE_TOOLS"

// Need returns where the program lies. Where it is not on the PATH the test is skipped, or fails if
// RequireEnv says so.
func Need(tb testing.TB, name string) (path string) {
	tb.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv(RequireEnv) == "1" {
		tb.Fatal(name + " is not on the PATH, and " + RequireEnv + "=1 requires it")
	}
	tb.Skip("left out, for want of " + name + " on the PATH: " + tb.Name())
	return ""
}
