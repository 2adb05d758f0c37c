package kong

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"tollgate/internal/httpheader"
)

func decodeHeaders(message []byte) (httpheader.List, error) {
	var h headers
	h.reset()
	err := h.decode(fields(message))
	return h.list, err
}

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
	got, err := decodeHeaders(golden(t))
	if err != nil {
		t.Fatal(err)
	}
	want := httpheader.List{
		{Name: "x-empty", Lines: []string{""}}, {Name: "x-tenant", Lines: []string{"acme"}},
		{Name: "via", Lines: []string{"one", "", "t\xe9o"}}, {Name: "x_tenant", Lines: []string{"b\xffd"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestDecodeHeadersRefusesACutMessage(t *testing.T) {
	whole := golden(t)
	if _, err := decodeHeaders(whole[:len(whole)-1]); err == nil {
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
		got, err := decodeHeaders(nested(depth))
		if err != nil || got.Count() != want {
			t.Errorf("%d lists in each other: %q, %v, want %d values", depth, got, err, want)
		}
	}
}

// A connection's requests come one after the other: what one has had, the next does not get.
func TestDecodeHeadersBeginsAnew(t *testing.T) {
	var h headers
	for range 3 {
		h.reset()
		if err := h.decode(fields(golden(t))); err != nil || len(h.list) != 4 || h.list.Count() != 6 {
			t.Fatalf("%q, %v", h.list, err)
		}
	}
}

// A text keeps the reply that it came with: one that nobody sees any more would keep it until the connection ends.
func TestNothingOfARequestIsKept(t *testing.T) {
	empty := protowire.AppendBytes(protowire.AppendTag(nil, structEntry, protowire.BytesType), nil)
	for name, message := range map[string][]byte{
		"a usual request":         golden(t),
		"one that is cut":         golden(t)[:len(fromKong)/2-1],
		"many lines":              bytes.Repeat(golden(t), 100),
		"many headers, no line":   bytes.Repeat(empty, 100_000),
		"as many as room is kept": bytes.Repeat(golden(t), 20),
	} {
		t.Run(name, func(t *testing.T) {
			var h headers
			_ = h.decode(fields(message)) // of the cut one a part is read
			keeps := max(len(h.list), len(h.lines)) <= 128
			h.reset()
			if size := cap(h.list)*int(unsafe.Sizeof(httpheader.Field{})) + cap(h.lines)*int(unsafe.Sizeof("")); size > 8<<10 || (size > 0) != keeps {
				t.Errorf("%d bytes are kept", size)
			}
			for _, f := range h.list[:cap(h.list)] {
				if f.Name != "" || f.Lines != nil {
					t.Errorf("%q is kept", f)
				}
			}
			for _, line := range h.lines[:cap(h.lines)] {
				if line != "" {
					t.Errorf("%q is kept", line)
				}
			}
		})
	}
}

// Whoever plays Kong can send as many faults as a frame has room for.
func TestDecodeHeadersTellsOneFaultOfMany(t *testing.T) {
	const entries = 300_000
	_, err := decodeHeaders(bytes.Repeat([]byte{0x0a, 0x01, 0x0a}, entries))
	if err == nil || len(err.Error()) > 100 {
		t.Errorf("the error has %d bytes", len(fmt.Sprint(err)))
	}
}

func FuzzDecodeHeaders(f *testing.F) {
	f.Add(golden(f))
	f.Add([]byte{0x0a, 0x01, 0xff})
	f.Add(nested(3))
	f.Fuzz(func(t *testing.T, message []byte) {
		list, err := decodeHeaders(message)
		size := 0
		for _, f := range list {
			size += len(f.Name)
			for _, line := range f.Lines {
				size += len(line)
			}
		}
		if err == nil && size > len(message) {
			t.Errorf("%q holds more than the message", list)
		}
	})
}

func BenchmarkDecodeHeaders(b *testing.B) {
	message := fields(golden(b))
	var h headers
	b.ReportAllocs()
	for b.Loop() {
		h.reset()
		if err := h.decode(message); err != nil {
			b.Fatal(err)
		}
	}
}
