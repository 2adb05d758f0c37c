package integration

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"tollgate/test/eventually"
	"tollgate/test/sandbox"
)

// limitsChange gives a gateway other limits of the tier trial, which has five a day: by POST /config on a Kong without
// a database, by SIGHUP on the stand-in, which has no Admin API. What was counted stays; only what remains of it changes.
func limitsChange(t *testing.T, s *sandbox.Sandbox) {
	t.Helper()
	used := 0
	ask := func() reply {
		r := getFrom(t, s, "/limited/key", keyOf("trial-app"))
		if r.status == http.StatusOK {
			used++
		}
		return r
	}
	for range 2 {
		ask().is(t, http.StatusOK)
	}
	for _, row := range []struct {
		quota  int
		status int
	}{
		{200, http.StatusOK},
		{2, http.StatusTooManyRequests}, // fewer than were counted
		{300, http.StatusOK},            // what was refused before is not remembered
	} {
		configure(t, s, bytes.Replace(suiteConfig, []byte("daily_quota: 5\n"), fmt.Appendf(nil, "daily_quota: %d\n", row.quota), 1))
		const inARow = 8 // in every worker, as far as that many answers tell
		seen := 0
		eventually.Holds(t, patience, "the other limit", func() bool {
			r := ask()
			if seen++; r.headers.Get("X-RateLimit-Limit-Day") != strconv.Itoa(row.quota) {
				seen = 0
				return false
			}
			if left := r.remaining(t, "Day"); r.status != row.status || left != max(0, row.quota-used) {
				t.Errorf("status %d, %d left of %d a day after %d", r.status, left, row.quota, used)
			}
			return seen == inARow
		})
	}
	shared.stress.held(t, "limits that are changed by a reload, three times", "every count is kept", fmt.Sprintf("%d counted, none lost", used))
}

// configure gives a gateway another configuration in the way that it has.
func configure(t *testing.T, s *sandbox.Sandbox, config []byte) {
	t.Helper()
	if shared.gateway == sandbox.Kong {
		postConfig(t, s, config)
		return
	}
	if err := s.Reload(config); err != nil {
		t.Fatal(err)
	}
}
