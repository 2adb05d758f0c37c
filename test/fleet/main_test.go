package fleet

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tollgate/pluginserver/command"
)

// aheadEnv makes the test binary a plugin server whose clock is ahead by a duration.
const aheadEnv = "TOLLGATE_FLEET_AHEAD"

func TestMain(m *testing.M) {
	if ahead, ok := os.LookupEnv(aheadEnv); ok {
		os.Exit(serve(ahead))
	}
	goleak.VerifyTestMain(m)
}

// serve is the plugin server itself, but for its clock.
func serve(text string) int {
	ahead, err := time.ParseDuration(text)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", aheadEnv, err)
		return 1
	}
	return command.Execute(os.Args, command.WithClock(func() time.Time { return time.Now().Add(ahead) }))
}
