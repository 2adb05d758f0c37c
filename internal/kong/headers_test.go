package kong

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
)

// fromKong is what lua-protobuf, as it comes with Kong 3.9.3, makes of: x-empty "", x-tenant "acme",
// x_tenant "b\xffd", via three times "one", "" and "t\xe9o".
const fromKong = "0a0d0a07782d656d70747912021a000a120a08782d74656e616e7412061a0461636d65" +
	"0a1b0a03766961121432120a051a036f6e650a021a000a051a0374e96f0a110a08785f74656e616e7412051a0362ff64"

func golden(tb testing.TB) []byte {
	tb.Helper()
	message, err := hex.DecodeString(fromKong)
	if err != nil {
		tb.Fatal(err)
	}
	return message
}

func TestDecodeHeadersKeepsBytesThatAreNotUTF8(t *testing.T) {
	got, err := decodeHeaders(fields(golden(t)))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"x-empty": {""}, "x-tenant": {"acme"}, "x_tenant": {"b\xffd"}, "via": {"one", "", "t\xe9o"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestDecodeHeadersRefusesACutMessage(t *testing.T) {
	whole := golden(t)
	if _, err := decodeHeaders(fields(whole)[:len(whole)-1]); err == nil {
		t.Error("a message that lacks its last byte was read without an error")
	}
}

// nested is a message of headers whose value is a list within a list, and so on.
func nested(depth int) []byte {
	field := func(number protowire.Number, content []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), content)
	}
	value := field(valueString, []byte("deep"))
	for range depth {
		value = field(valueList, field(listElement, value))
	}
	return field(structEntry, append(field(entryKey, []byte("a")), field(entryValue, value)...))
}

func TestDecodeHeadersReadsNoListWithinAList(t *testing.T) {
	for depth, want := range []int{1, 1, 0, 0} {
		got, err := decodeHeaders(fields(nested(depth)))
		if err != nil || len(got["a"]) != want {
			t.Errorf("%d lists in each other: %q, %v, want %d values", depth, got["a"], err, want)
		}
	}
}

// Whoever plays Kong can send as many faults as a frame has room for.
func TestDecodeHeadersTellsOneFaultOfMany(t *testing.T) {
	const entries = 300_000
	_, err := decodeHeaders(fields(bytes.Repeat([]byte{0x0a, 0x01, 0x0a}, entries)))
	if err == nil || len(err.Error()) > 100 {
		t.Errorf("the error has %d bytes", len(fmt.Sprint(err)))
	}
}

func FuzzDecodeHeaders(f *testing.F) {
	f.Add(golden(f))
	f.Add([]byte{0x0a, 0x01, 0xff})
	f.Add(nested(3))
	f.Fuzz(func(t *testing.T, message []byte) {
		headers, err := decodeHeaders(fields(message))
		for name, values := range headers {
			size := len(name)
			for _, v := range values {
				size += len(v)
			}
			if err == nil && size > len(message) {
				t.Errorf("header %q holds more than the message", name)
			}
		}
	})
}

func BenchmarkDecodeHeaders(b *testing.B) {
	message := golden(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodeHeaders(fields(message)); err != nil {
			b.Fatal(err)
		}
	}
}
