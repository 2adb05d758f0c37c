package jwksverify

import (
	"errors"
	"slices"
	"strings"
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

func TestStarvationIsToldAgainWhereItEndedInBetween(t *testing.T) {
	var log book
	h := health{log: log.logger()}
	h.failed(errors.New("down"), false, starvingAll)
	if got := log.take(); strings.Contains(got, "too old") || !strings.Contains(got, "older_set_in_use=false") {
		t.Errorf("without any set: %q", got)
	}
	for _, step := range []struct {
		name string
		now  starving
		want string
	}{
		{"all at once", starvingAll, "every configuration"},
		{"still", starvingAll, ""},
		{"a more patient one has come", starvingSome, ""},
		{"that one, too", starvingAll, "every configuration"},
	} {
		h.failed(errors.New("down"), true, step.now)
		if got := log.take(); step.want == "" && got != "" || !strings.Contains(got, step.want) {
			t.Errorf("%s: logged %q, want %q", step.name, got, step.want)
		}
	}
}
