package quota

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2/server"
)

// The words of the table and the names in JSON are what people and scripts rely on.
func TestTheReportsAreAsTheyWere(t *testing.T) {
	b := newBench(t)
	b.spend(t, "default:consumer:"+annID, 3)
	o := from("services.yml")
	o.Instance = "global"
	table, err := b.run(t, Action{Grant, 7}, "ann", o)
	if err != nil {
		t.Fatal(err)
	}
	o.JSON = true
	machine, err := b.run(t, Action{Name: Reset}, "ann", o)
	if err != nil {
		t.Fatal(err)
	}
	wantTable := `consumer ann (` + annID + `)
INSTANCE  SCOPE     TIER  QUOTA  USED  GRANTED  REMAINING  DAY ENDS                                        RATE NOW                   REDIS
global    consumer  gold  100    3     0 -> 7   97 -> 104  2025-11-22T00:00:00+09:00 Asia/Tokyo, in 3h00m  70 of burst 70 left, 50/s  REDIS/0
`
	wantJSON := `{
  "action": "reset",
  "consumer": {
    "kind": "consumer",
    "id": "` + annID + `",
    "id_source": "derived",
    "username": "ann",
    "custom_id": "crm-1",
    "tags": [
      "tier:gold"
    ]
  },
  "counts": [
    {
      "instance": "global",
      "scope": "consumer",
      "key": "default:consumer:` + annID + `",
      "redis": "REDIS/0",
      "tier": "gold",
      "day": {
        "quota": 100,
        "used": 0,
        "granted": 0,
        "remaining": 100,
        "timezone": "Asia/Tokyo",
        "ends": "2025-11-22T00:00:00+09:00",
        "ends_in_seconds": 10800
      },
      "before": {
        "used": 3,
        "granted": 7,
        "remaining": 104
      },
      "rate": {
        "tps": 50,
        "burst": 70,
        "remaining": 70
      }
    }
  ]
}
`
	for _, row := range []struct{ what, got, want string }{{"table", table, wantTable}, {"json", machine, wantJSON}} {
		if got := strings.ReplaceAll(row.got, b.Addr(), "REDIS"); got != row.want {
			t.Errorf("%s:\n%s\nwant\n%s", row.what, got, row.want)
		}
	}
}

func TestWhatATierDoesNotLimitIsADash(t *testing.T) {
	b := newBench(t)
	got, err := b.run(t, show, "bob", from("services.yml"))
	if err != nil {
		t.Fatal(err)
	}
	last := strings.Fields(strings.TrimSpace(got[strings.LastIndex(strings.TrimSpace(got), "\n"):]))
	if want := "consumer bob consumer unlimited - - - - - - " + b.Addr() + "/0"; strings.Join(last, " ") != want {
		t.Errorf("%q, want %q", last, want)
	}
	o := from("services.yml")
	o.JSON = true
	if got, err = b.run(t, show, "bob", o); err != nil || !strings.Contains(got, `"day": null`) || !strings.Contains(got, `"rate": null`) {
		t.Errorf("%v: %s", err, got)
	}
}

func TestRough(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", time.Second: "1s", 59 * time.Second: "59s", time.Minute: "1m", 59*time.Minute + 59*time.Second: "59m",
		time.Hour: "1h00m", 25*time.Hour - time.Second: "24h59m",
	} {
		if got := rough(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

// A count that was changed is reported although the gateways could not be told, and so is that.
func TestAChangeThatGatewaysWereNotToldOfIsReported(t *testing.T) {
	b := newBench(t)
	b.Server().SetPreHook(func(peer *server.Peer, command string, args ...string) bool {
		if command == "SET" && len(args) > 0 && args[0] == "tollgate:{generation}" {
			peer.WriteError("OOM command not allowed")
			return true
		}
		return false
	})
	o := from("services.yml")
	o.Instance = "global"
	out, err := b.run(t, Action{Grant, 7}, "ann", o)
	if err == nil || !strings.Contains(err.Error(), "the gateways could not be told") || strings.Contains(err.Error(), "not known") {
		t.Errorf("%v", err)
	}
	if !strings.Contains(out, "100 -> 107") {
		t.Errorf("printed %s", out)
	}
}

// Where the answer to a change is lost, nobody knows whether it was made.
func TestAChangeWhoseAnswerIsLostIsDoubted(t *testing.T) {
	b := newBench(t)
	b.Server().SetPreHook(func(peer *server.Peer, command string, args ...string) bool {
		if strings.HasPrefix(command, "EVAL") && slices.Contains(args, "grant") {
			peer.WriteError("ERR the connection is lost")
			return true
		}
		return false
	})
	o := from("services.yml")
	o.Instance = "global"
	out, err := b.run(t, Action{Grant, 7}, "ann", o)
	if err == nil || !strings.Contains(err.Error(), "it is not known whether this was done, `quota show` tells") {
		t.Errorf("%v", err)
	}
	if strings.Contains(out, "->") {
		t.Errorf("printed %s", out)
	}
}

// The configuration's timeout is a gateway's, for which a few milliseconds are long.
func TestAnOperatorHasMorePatienceThanAGateway(t *testing.T) {
	b := newBench(t)
	const slow = 50 * time.Millisecond
	b.Server().SetPreHook(func(*server.Peer, string, ...string) bool { time.Sleep(slow); return false })
	o := from("services.yml")
	o.Redis, o.Instance = map[string]any{"timeout": 1}, "global"
	if _, err := b.run(t, show, "ann", o); err != nil {
		t.Error(err)
	}
	o.Timeout = slow / 5
	if _, err := b.run(t, show, "ann", o); err == nil {
		t.Error("a timeout that has passed is waited for")
	}
}

// A change that takes too long may have been made all the same: there is time left to tell the gateways.
func TestEachCallHasItsOwnTime(t *testing.T) {
	b := newBench(t)
	const patience = 200 * time.Millisecond
	b.Server().SetPreHook(func(_ *server.Peer, command string, args ...string) bool {
		if strings.HasPrefix(command, "EVAL") && slices.Contains(args, "grant") {
			time.Sleep(2 * patience)
		}
		return false
	})
	o := from("services.yml")
	o.Instance, o.Timeout = "global", patience
	if _, err := b.run(t, Action{Grant, 7}, "ann", o); err == nil || !strings.Contains(err.Error(), "it is not known whether this was done") {
		t.Errorf("%v", err)
	}
	if !b.Exists("tollgate:{generation}") {
		t.Error("the gateways are not told")
	}
}
