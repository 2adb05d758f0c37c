package jwksverify

import (
	"errors"
	"slices"
	"testing"
)

func TestALogLineHoldsAFewReasons(t *testing.T) {
	err := errors.New("bad")
	for n, want := range map[int]string{0: "", 1: "bad", 8: "bad", 9: "and 1 more", maxKeys: "and 248 more"} {
		got := reasons(slices.Repeat([]error{err}, n))
		last := ""
		if len(got) > 0 {
			last = got[len(got)-1]
		}
		if len(got) != min(n, 9) || last != want {
			t.Errorf("%d reasons become %q", n, got)
		}
	}
}
