package loadbalancer

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const secret = "a-secret-of-the-proxy-s-own-tests-1"

func TestTheWitnessTellsWhatWasDone(t *testing.T) {
	upstream, arrivals := server(t)
	at := time.Unix(1767225600, 0)
	f5 := F5{
		Behaviour: Behaviour{Erase: []string{"Authorization"}, Delete: []string{"X-Tenant-Id"}, Host: "internal", ForwardedFor: true},
		Secret:    secret, Now: func() time.Time { return at },
	}
	connect(t, f5.Start(t, upstream)).send("GET", "Host: a", "Authorization: x", "X-Tenant-Id: 1", "x-f5-witness: forged")
	got := <-arrivals
	want := witness{
		at: at, method: "GET", target: "/path?query", host: "internal",
		received: []Line{{"Host", "a"}, {"Authorization", "x"}, {"X-Tenant-Id", "1"}},
		sent:     []Line{{"Host", "internal"}, {"Authorization", " "}, {"X-Forwarded-For", "127.0.0.1"}},
	}.sign(secret)
	if diff := cmp.Diff([]string{want}, got.values(WitnessHeader)); diff != "" {
		t.Errorf("witness (-want +got):\n%s", diff)
	}
}

func TestWhatPassesUntouchedHasNoWitness(t *testing.T) {
	upstream, arrivals := server(t)
	f5 := F5{Behaviour: Behaviour{PassAfter: 2, Replace: []Line{{"X-Forwarded-Proto", "https"}}}, Secret: secret}
	c := connect(t, f5.Start(t, upstream))
	var treated []bool
	for range 4 {
		c.send("GET", "Host: a")
		got := <-arrivals
		witnessed, added := got.values(WitnessHeader) != nil, got.values("X-Forwarded-Proto") != nil
		if witnessed != added {
			t.Errorf("witness %v, inserted header %v", witnessed, added)
		}
		treated = append(treated, added)
	}
	if !slices.Equal(treated, []bool{true, true, false, false}) {
		t.Errorf("treated: %v", treated)
	}
}

func TestTooManyLinesCloseTheConnection(t *testing.T) {
	upstream, _ := server(t)
	addr := F5{}.Start(t, upstream)
	lines := []string{"Host: a"}
	for i := range 63 {
		lines = append(lines, fmt.Sprintf("X-%d: 1", i))
	}
	if status := connect(t, addr).send("GET", lines...); status != 200 {
		t.Errorf("64 lines: status %d", status)
	}
	if status := connect(t, addr).send("GET", append(lines, "X-More: 1")...); status != 0 {
		t.Errorf("65 lines: status %d", status)
	}
}
