package observability

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"tollgate/test/eventually"
	"tollgate/test/freeport"
	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

// stage is the repository's kong.yml on a gateway that has seen what there is to see.
type stage struct {
	*sandbox.Sandbox
	client *http.Client
	redis  *toxiproxy.Proxy
}

// shared is set up by the first test that asks for it, and closed after the last.
var shared struct {
	sync.Mutex
	stage *stage
}

// stageOf returns the stage that all tests share.
func stageOf(t *testing.T) *stage {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.stage == nil {
		shared.stage = newStage(t)
	}
	return shared.stage
}

func closeStage() error {
	shared.Lock()
	defer shared.Unlock()
	if shared.stage == nil {
		return nil
	}
	shared.stage.client.CloseIdleConnections()
	shared.stage.redis.Stop()
	return shared.stage.Close()
}

// newStage starts the gateway while its Redis is away, and lets Redis come once requests were admitted without it.
func newStage(t *testing.T) *stage {
	t.Helper()
	port, err := freeport.Take()
	if err != nil {
		t.Fatal(err)
	}
	s, err := sandbox.Start(context.WithoutCancel(t.Context()), sandbox.Options{Values: map[string]string{"DECK_REDIS_PORT": strconv.Itoa(port)}})
	if err != nil {
		t.Fatal(err)
	}
	behind := net.JoinHostPort(s.Redis.Host, s.Redis.Port)
	made := &stage{
		Sandbox: s, client: &http.Client{Timeout: patience},
		redis: toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), "redis", freeport.Address(port), behind),
	}
	made.traffic(t)
	if err := made.redis.Start(); err != nil {
		t.Fatal(errors.Join(err, s.Close()))
	}
	made.await(t, `tollgate_tiered_limit_debts_total{result="settled"}`)
	eventually.Holds(t, patience, "a consumer to run out of quota", func() bool {
		return made.get(t, "/keys", "apikey: "+sandbox.KeyTrial) == http.StatusTooManyRequests
	})
	made.traffic(t)
	made.await(t, `tollgate_tiered_limit_live_nodes{target="`+freeport.Address(port)+`"}`)
	return made
}

// patience is how long a test waits for what other processes do, on a machine that has much else to do.
const patience = time.Minute

// await waits for a metric to be more than 0.
func (s *stage) await(t *testing.T, series string) {
	t.Helper()
	eventually.Holds(t, patience, series+" to count", func() bool {
		for _, one := range s.scrape(t) {
			for _, sample := range one.samples {
				if sample.series == series {
					return sample.value > 0
				}
			}
		}
		return false
	})
}

const anyStatus = 0

// traffic has a request of each kind: ones that pass, and ones that each plugin refuses.
func (s *stage) traffic(t *testing.T) {
	t.Helper()
	const tenant = "X-Tenant-Id: acme"
	good, expired := s.bearer(t, issuer.Token{Client: "premium-app"}), s.bearer(t, issuer.Token{Client: "premium-app", ExpiresIn: -time.Hour})
	for _, row := range []struct {
		path    string
		headers []string
		status  int
	}{
		{"/open", nil, http.StatusOK},
		{"/ping-api", []string{tenant, good}, http.StatusOK},
		{"/ping-api", []string{tenant, good}, http.StatusOK}, // from the cache
		{"/ping-api", []string{tenant, expired}, http.StatusUnauthorized},
		{"/ping-api", []string{tenant}, http.StatusUnauthorized},
		{"/ping-api", []string{good}, http.StatusBadRequest},
		{"/keys", []string{"apikey: " + sandbox.KeyStandard}, http.StatusOK},
		{"/keys", []string{"apikey: " + sandbox.KeyTrial}, anyStatus}, // the day of five is used up at some time
		{"/audit", nil, http.StatusOK},
	} {
		if got := s.get(t, row.path, row.headers...); got != row.status && row.status != anyStatus {
			t.Fatalf("%s got %d, want %d", row.path, got, row.status)
		}
	}
}

func (s *stage) bearer(t *testing.T, of issuer.Token) string {
	t.Helper()
	token, err := s.Issuer.Mint(of)
	if err != nil {
		t.Fatal(err)
	}
	return "Authorization: Bearer " + token
}

// get sends a request to the gateway, and returns the status of the answer.
func (s *stage) get(t *testing.T, path string, headers ...string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	status, _, err := s.do(request)
	if err != nil {
		t.Fatal(err)
	}
	return status
}

// fetch returns the body of a good answer.
func (s *stage) fetch(t *testing.T, url string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	status, body, err := s.do(request)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%s: %d %s %v", url, status, body, err)
	}
	return body
}

func (s *stage) do(request *http.Request) (status int, body []byte, err error) {
	response, err := s.client.Do(request)
	if err != nil {
		return 0, nil, fmt.Errorf("asking: %w", err)
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, body, err
}
