package lua

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"pgregory.net/rapid"
)

func TestFromValueLosesWhatKongLoses(t *testing.T) {
	for _, row := range []struct {
		name string
		sent any
		want any
	}{
		{"a string", "x", "x"},
		{"an empty string", "", ""},
		{"zero", 0, 0.0},
		{"true", true, true},
		{"false is nil", false, nil},
		{"null is its name", nil, "NULL_VALUE"},
		{"an empty list", []any{}, []any{}},
		{"a list ends at a false", []any{"a", false, "b"}, []any{"a"}},
		{"a map drops a false", map[string]any{"a": false, "b": "c"}, map[string]any{"b": "c"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			sent, err := structpb.NewValue(row.sent)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, FromValue(sent)); diff != "" {
				t.Errorf("Lua sees (-want +got):\n%s", diff)
			}
		})
	}
	if got := FromValue(&structpb.Value{}); got != nil {
		t.Errorf("a value without a kind is %v", got)
	}
}

// values draws what Lua can hold and protobuf can carry without a loss.
func values() *rapid.Generator[any] {
	return rapid.OneOf(
		rapid.Just(any(true)), rapid.Just(any("")),
		rapid.Map(rapid.Float64Range(-1e12, 1e12), func(f float64) any { return f }),
		rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.Map(rapid.SliceOfN(rapid.String(), 1, 3), func(list []string) any {
			out := make([]any, len(list))
			for i := range list {
				out[i] = list[i]
			}
			return out
		}),
		rapid.Map(rapid.MapOf(rapid.String(), rapid.Float64Range(0, 9)), func(m map[string]float64) any {
			out := map[string]any{}
			for k, v := range m {
				out[k] = v
			}
			return out
		}),
	)
}

func TestAppendValueIsTheWireFormat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := values().Draw(t, "value")
		var decoded structpb.Value
		if err := proto.Unmarshal(AppendValue(nil, value), &decoded); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(value, FromValue(&decoded)); diff != "" {
			t.Errorf("came back (-want +got):\n%s", diff)
		}
	})
}

func TestAppendValueOfWhatChanges(t *testing.T) {
	for _, row := range []struct {
		name string
		v    any
		want any
	}{
		{"nil is null", nil, nil},
		{"an empty list is an empty map", []any{}, map[string]any{}},
		{"false arrives", false, false},
	} {
		var decoded structpb.Value
		if err := proto.Unmarshal(AppendValue(nil, row.v), &decoded); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(row.want, decoded.AsInterface()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
	var decoded structpb.Value
	if err := proto.Unmarshal(AppendValue(nil, "caf\xe9"), &decoded); err == nil {
		t.Error("bytes that are not UTF-8 were sent as something else")
	}
}

func TestNumbersAsText(t *testing.T) {
	for _, row := range []struct {
		n          float64
		text, json string
	}{
		{5, "5", "5"},
		{0.1, "0.1", "0.1"},
		{1e14, "1e+14", "100000000000000"},
		{1e16, "1e+16", "1e+16"},
		{math.MaxInt32, "2147483647", "2147483647"},
		{1 << 53, "9.007199254741e+15", "9007199254740992"},
	} {
		if got := ToString(row.n); got != row.text {
			t.Errorf("tostring: %s, want %s", got, row.text)
		}
		if got := string(JSON(row.n)); got != row.json {
			t.Errorf("json: %s, want %s", got, row.json)
		}
	}
}

func TestJSON(t *testing.T) {
	got := string(JSON(map[string]any{"b": []any{}, "a": map[string]any{}, "c": "x/y\n", "d": []any{true, 1.5}}))
	if want := `{"a":{},"b":[],"c":"x\/y\n","d":[true,1.5]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNormalRefusesWhatLuaCannotHold(t *testing.T) {
	if _, err := Normal(map[string]any{"a": []any{map[any]any{}}}); err == nil {
		t.Error("no error")
	}
}
