package integration

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tollgate/test/midday"
	"tollgate/test/redistest"
	"tollgate/test/sandbox"
)

//go:embed testdata/suite.yml
var suiteTemplate []byte

// dayZone is where the suite's days begin: none ends while the tests run.
var dayZone = midday.Zone(time.Now())

// suiteConfig is what the suite's gateways serve.
var suiteConfig = bytes.ReplaceAll(suiteTemplate, []byte("MIDDAY_ZONE"), []byte(dayZone))

// shared is what all tests use: one gateway that serves suiteConfig.
var shared *suite

type suite struct {
	*sandbox.Sandbox
	gateway  sandbox.Gateway
	binaries *sandbox.Binaries
	client   *http.Client
	secrets  *secrets
	node     node
	stress   stressTables
}

func TestMain(m *testing.M) {
	code, err := runSuite(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "integration:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// runSuite runs all tests, then looks at what they have left behind: secrets in logs, goroutines.
func runSuite(m *testing.M) (code int, err error) {
	folder, err := os.MkdirTemp("", "tollgate-bin-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if shared, err = startSuite(folder); err != nil {
		return 1, err
	}
	fmt.Printf("gateway: %s, redis: %s\n", shared.gateway, redisKind(shared.Redis))
	code = m.Run()
	err = errors.Join(shared.secrets.findIn(shared.Sandbox), shared.node.close(), shared.Close())
	if os.Getenv(stressEnv) != "" {
		fmt.Print(shared.stress.markdown(shared.gateway, time.Now()))
	}
	shared.client.CloseIdleConnections()
	return code, errors.Join(err, goleak.Find())
}

func startSuite(folder string) (*suite, error) {
	gateway, err := sandbox.GatewayFromEnv()
	if err != nil {
		return nil, err
	}
	binaries, err := sandbox.Build(context.Background(), folder, gateway)
	if err != nil {
		return nil, err
	}
	s, err := sandbox.Start(context.Background(), sandbox.Options{Gateway: gateway, Config: suiteConfig, Binaries: binaries})
	if err != nil {
		return nil, err
	}
	if os.Getenv(redistest.RequireEnv) == "1" && !s.Redis.Real {
		return nil, errors.Join(errors.New("a redis-server is required, and none is on the PATH"), s.Close())
	}
	return &suite{Sandbox: s, gateway: gateway, binaries: binaries, client: newClient(), secrets: newSecrets()}, nil
}

func redisKind(r sandbox.Redis) string {
	if r.Real {
		return "redis-server"
	}
	return "miniredis"
}

// dayEnds is how many seconds the suite's day has left.
func dayEnds(t *testing.T) int {
	t.Helper()
	zone, err := time.LoadLocation(dayZone)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().In(zone)
	return int(time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, zone).Sub(now).Seconds())
}

// start runs a gateway of the test's own until the test ends.
func start(t *testing.T, o sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	o.Gateway, o.Binaries = shared.gateway, shared.binaries
	if o.Config == nil {
		o.Config = suiteConfig
	}
	s, err := sandbox.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("the processes said:\n" + s.LastWords())
		}
		if err := errors.Join(shared.secrets.findIn(s), s.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// realKongOnly marks a test of what the stand-in does not play.
func realKongOnly(t *testing.T) {
	t.Helper()
	if shared.gateway != sandbox.Kong {
		t.Skipf("only a real Kong shows this: %s=kong", sandbox.GatewayEnv)
	}
}

// keyOf is the API key of a consumer of suiteConfig, as a header.
func keyOf(consumer string) string { return "apikey: suite-key-of-" + consumer }
