package kong

import (
	"errors"
	"strings"
	"testing"

	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"github.com/google/go-cmp/cmp"
)

func TestARecordIsEncodedAsProtobufDoes(t *testing.T) {
	long := strings.Repeat("é", 200) // lengths of two bytes
	for name, row := range map[string]struct {
		members []Member
		want    map[string]any
	}{
		"nothing":       {nil, map[string]any{}},
		"one text":      {[]Member{TextMember("a", "é")}, map[string]any{"a": "é"}},
		"an empty text": {[]Member{TextMember("", "")}, map[string]any{"": ""}},
		"one of each": {
			[]Member{TextMember("decision", "rejected"), NumberMember("left", -1), NumberMember("limit", 1<<52), TrueMember("dry_run")},
			map[string]any{"decision": "rejected", "left": -1.0, "limit": float64(1 << 52), "dry_run": true},
		},
		"long ones": {[]Member{TextMember(long, long), TextMember("b", strings.Repeat(long, 100))}, map[string]any{long: long, "b": strings.Repeat(long, 100)}},
	} {
		t.Run(name, func(t *testing.T) {
			got := decode(t, appendRecord(nil, "key", row.members), &pb.KV{})
			if diff := cmp.Diff(row.want, got.GetV().AsInterface()); got.GetK() != "key" || diff != "" {
				t.Errorf("key %q, value (-want +got):\n%s", got.GetK(), diff)
			}
		})
	}
}

func TestARecordIsSentOnlyIfItIsText(t *testing.T) {
	c := &told{}
	r := NewRequest(c)
	if err := r.SetLogRecord("key", NumberMember("a", 1), TextMember("b", "\xff")); !errors.Is(err, errNotUTF8) || c.method != "" {
		t.Errorf("%v, and %q was called", err, c.method)
	}
	if err := r.SetLogRecord("key", TextMember("b", "é")); err != nil || c.method != "kong.log.set_serialize_value" {
		t.Errorf("%v, and %q was called", err, c.method)
	}
}
