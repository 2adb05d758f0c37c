package jwksverify

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tollgate/internal/plugin"
)

// A lease that nobody releases would have its keys fetched for as long as the process lives.
func TestAFailedBuildReleasesTheKeysItTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deps := plugin.Deps{Log: (*book)(nil).logger(), Metrics: prometheus.NewRegistry(), Now: time.Now}
		dialled := 0
		keys := newKeyStore(deps, func(s keySource) (http.RoundTripper, error) {
			if dialled++; s.issuer == "https://b.test" {
				return nil, errors.New("no such authority")
			}
			return &provider{body: oneKey("k1")}, nil
		})
		s := &state{deps: deps, metrics: newMetrics(deps.Metrics), keys: keys, tokens: newTokenCache[*judged](deps.Metrics)}
		_, err := s.build(configOf(members{"issuers": []members{
			{"issuer": "https://a.test", "jwks_uri": "https://a.test/jwks", "audiences": []string{"x"}},
			{"issuer": "https://b.test", "jwks_uri": "https://b.test/jwks", "audiences": []string{"x"}},
		}}, nil))
		if err == nil || !strings.Contains(err.Error(), "key set of https://b.test: no such authority") || dialled != 2 || len(keys.open) != 1 {
			t.Errorf("%v, %d dialled, %d open", err, dialled, len(keys.open))
		}
		keys.close() // ends at once what nobody has leased
		if len(keys.open) != 0 {
			t.Errorf("%d key sets are leased still", len(keys.open))
		}
	})
}
