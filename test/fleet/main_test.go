package fleet

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"tollgate/test/node"
)

func TestMain(m *testing.M) {
	if code, started := node.Serve(); started {
		os.Exit(code)
	}
	goleak.VerifyTestMain(m)
}
