package kong

import (
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"
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

func FuzzDecodeHeaders(f *testing.F) {
	f.Add(golden(f))
	f.Add([]byte{0x0a, 0x01, 0xff})
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
