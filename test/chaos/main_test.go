package chaos

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"

	"go.uber.org/goleak"

	"tollgate/test/node"
)

// atOnce is how many cases of the short form run at once, however few the processors: they mostly wait.
const atOnce = 6

func TestMain(m *testing.M) {
	if code, started := node.Serve(); started {
		os.Exit(code)
	}
	flag.Parse()
	if err := flag.Set("test.parallel", strconv.Itoa(atOnce)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}
