package kong

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

// decode reads bytes as protobuf's own library does.
func decode[M proto.Message](tb testing.TB, data []byte, into M) M {
	tb.Helper()
	if err := proto.Unmarshal(data, into); err != nil {
		tb.Fatal(err)
	}
	return into
}

func TestValuesAreEncodedAsProtobufDoes(t *testing.T) {
	long := strings.Repeat("x", 300) // a length of two bytes
	rows := map[string]struct{ value, want any }{
		"nothing":                 {nil, nil},
		"true":                    {true, true},
		"false":                   {false, false},
		"an empty text":           {"", ""},
		"a text":                  {"é", "é"},
		"an int":                  {-7, -7.0},
		"an int64":                {int64(1) << 52, float64(1 << 52)},
		"a float":                 {1.5, 1.5},
		"a number of JSON":        {json.Number("12e1"), 120.0},
		"an empty list":           {[]any{}, []any{}},
		"an empty object":         {map[string]any{}, map[string]any{}},
		"a list of many things":   {[]any{"a", 1, nil, []any{true}, map[string]any{"k": long}}, []any{"a", 1.0, nil, []any{true}, map[string]any{"k": long}}},
		"an object in an object":  {map[string]any{"a": map[string]any{"b": long, "": 0}}, map[string]any{"a": map[string]any{"b": long, "": 0.0}}},
		"an object of great size": {map[string]any{"a": strings.Repeat(long, 100)}, map[string]any{"a": strings.Repeat(long, 100)}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			data, err := appendKV(nil, "key", row.value)
			if err != nil {
				t.Fatal(err)
			}
			got := decode(t, data, &pb.KV{})
			if diff := cmp.Diff(row.want, got.GetV().AsInterface()); got.GetK() != "key" || diff != "" {
				t.Errorf("key %q, value (-want +got):\n%s", got.GetK(), diff)
			}
		})
	}
}

func TestWhatHasNoFormIsRefused(t *testing.T) {
	for name, value := range map[string]any{
		"a text that is not UTF-8":   "\xff",
		"one deep within":            []any{map[string]any{"a": []any{"\xff"}}},
		"a channel":                  make(chan int),
		"a number that is too large": json.Number("1e999"),
	} {
		if _, err := appendKV(nil, "key", value); err == nil {
			t.Errorf("%s was encoded", name)
		}
	}
}

func TestHeadersAreEncodedAsTheyCome(t *testing.T) {
	long := strings.Repeat("v", 200)
	data := appendHeaders(nil, []Header{{"A", "1"}, {"B", ""}, {"C", long}, {"A", "2"}})
	got := decode(t, data, &structpb.Struct{}).AsMap()
	if diff := cmp.Diff(map[string]any{"A": "2", "B": "", "C": long}, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if raw := appendHeaders(nil, []Header{{"A", "caf\xe9"}}); !strings.HasSuffix(string(raw), "caf\xe9") {
		t.Error("a byte that HTTP allows is lost") // RFC 9110, section 5.5
	}
}

func TestAnExitEndsWithItsBody(t *testing.T) {
	for name, headers := range map[string][]Header{"none": nil, "some": {{"A", "1"}, {"B", strings.Repeat("x", 130)}}} {
		data := appendExit(nil, 429, []byte("the body"), headers)
		got := decode(t, data, &pb.ExitArgs{})
		if got.GetStatus() != 429 || string(got.GetBody()) != "the body" || len(got.GetHeaders().GetFields()) != len(headers) {
			t.Errorf("headers %s: %v", name, got)
		}
		if !strings.HasSuffix(string(data), "the body") {
			t.Errorf("headers %s: the frame ends with what every exit has", name)
		}
	}
}

func TestAConsumerIsReadAsProtobufDoes(t *testing.T) {
	for name, consumer := range map[string]*pb.Consumer{
		"none": {},
		"all":  {Id: "id", CreatedAt: math.MaxInt64, Username: "ann", CustomId: "42", Tags: []string{"tier:free", "", "b"}},
	} {
		data, err := proto.Marshal(consumer)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeConsumer(fields(data))
		want := Consumer{ID: consumer.GetId(), Username: consumer.GetUsername(), CustomID: consumer.GetCustomId(), Tags: consumer.GetTags()}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v, consumer (-want +got):\n%s", name, err, diff)
		}
	}
}

// FuzzFields compares with protobuf's own reader, which knows groups besides, refuses field numbers that are
// out of range, and texts that are not UTF-8.
func FuzzFields(f *testing.F) {
	f.Add([]byte{0x0a, 0x01, 'a', 0x10, 0x80, 0x01, 0x1d, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8})
	f.Add([]byte{0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Add([]byte{0x1a, 0x01, 'u', 0x22, 0x01, 'c', 0x2a, 0x00, 0x2a, 0x01, 't', 0x0a, 0x01, 'b'})
	f.Fuzz(func(t *testing.T, message []byte) {
		var theirs pb.Consumer
		if proto.Unmarshal(message, &theirs) != nil {
			return
		}
		ours, err := decodeConsumer(fields(message))
		switch want := (Consumer{theirs.GetId(), theirs.GetUsername(), theirs.GetCustomId(), theirs.GetTags()}); {
		case errors.Is(err, errWireType): // a group
		case err != nil:
			t.Fatalf("%v, where protobuf reads the message", err)
		case !wrongType(message) && !cmp.Equal(want, ours):
			t.Fatalf("consumer %+v, protobuf's is %+v", ours, want)
		}
	})
}

// wrongType tells whether a field of a consumer's may have come in another type, which protobuf skips.
func wrongType(message []byte) bool {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeField(message)
		if n < 0 || number > consumerTags || (kind != protowire.BytesType) != (number == 2) {
			return true
		}
		message = message[n:]
	}
	return false
}

func BenchmarkEncodeALogMember(b *testing.B) {
	member := map[string]any{"decision": "rejected", "store": "memory", "tier": "free", "limit": int64(20), "remaining": int64(0), "quota_remaining": int64(0)}
	var args []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if args, err = appendKV(args[:0], "tollgate.tiered_limit", member); err != nil {
			b.Fatal(err)
		}
	}
}
