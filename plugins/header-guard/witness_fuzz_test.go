package headerguard

import (
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"tollgate/test/witnessvector"
)

// FuzzWitness reads what strangers may send: none of it may be believed.
func FuzzWitness(f *testing.F) {
	all := witnessvector.Load(f, "../..")
	for _, v := range all.Accepted {
		f.Add(v.Value, v.Method, v.Host, v.Path)
	}
	for _, r := range all.Refused {
		f.Add(r.Value, r.Method, r.Host, r.Path)
	}
	w := witnessesOf("a-key-that-no-example-was-signed-by")
	f.Fuzz(func(t *testing.T, value, method, host, path string) {
		if told, err := w.read(value, seen{method, host, path}, time.Unix(1767225600, 0)); err == nil || told != (testimony{}) {
			t.Errorf("believed: %+v, %v", told, err)
		}
	})
}

// FuzzSignedWitness reads lists that the load balancer has signed: they are of the format, or refused, and
// looking names up in them never fails.
func FuzzSignedWitness(f *testing.F) {
	for _, v := range witnessvector.Load(f, "../..").Accepted {
		text, err := splitWitness(v.Value)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text.received, text.sent, "X-Tenant-Id")
	}
	f.Add("a*2!,%21", "b,a!", "!")
	f.Add("%", "a*", "")
	const secret = "a-key-that-signs-whatever-fuzz-finds"
	w := witnessesOf(secret)
	now := time.Unix(1767225600, 0)
	f.Fuzz(func(t *testing.T, received, sent, name string) {
		told, err := w.read(signedWitness(secret, received, sent), seen{"GET", "h", "/"}, now)
		if err != nil {
			if told != (testimony{}) {
				t.Errorf("refused as %v, and it tells %+v", err, told)
			}
			return
		}
		if told.received != received || told.sent != sent {
			t.Errorf("%q and %q were read as %q and %q", received, sent, told.received, told.sent)
		}
		requireListed(t, told, name)
	})
}

// requireListed says in other words what a place follows from.
func requireListed(t *testing.T, told testimony, name string) {
	t.Helper()
	listed := func(list string) bool {
		for item := range strings.SplitSeq(list, ",") {
			if item != "" && strings.TrimRight(strings.Split(item, "*")[0], "!") == escapedName(name) {
				return true
			}
		}
		return false
	}
	got := told.place(&fault{name: name, reason: Spoofed, came: true})
	want := Unknown
	switch {
	case listed(told.received):
		want = AddedByClient
	case listed(told.sent):
		want = AddedByF5
	}
	if got != want {
		t.Errorf("%q in %q and %q: %s, want %s", name, told.received, told.sent, got, want)
	}
}

func signedWitness(secret, received, sent string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("tollgate-witness-v1\n1767225600\nGET\nh\n/\n" + received + "\n" + sent))
	return "v1;t=1767225600;r=" + received + ";s=" + sent + ";d=" + digestEncoding.EncodeToString(mac.Sum(nil))
}

func BenchmarkWitness(b *testing.B) {
	v := example(b, "nothing was changed")
	w := witnessesOf(v.Secret, "a-key-of-thirty-two-bytes-at-least")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.read(v.Value, seen{v.Method, v.Host, v.Path}, time.Unix(v.Time, 0)); err != nil {
			b.Fatal(err)
		}
	}
}
