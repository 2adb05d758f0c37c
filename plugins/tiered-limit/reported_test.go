package tieredlimit

import (
	"fmt"
	"strings"
	"testing"
)

func TestUnknownNamesAreReportedOnceAndBounded(t *testing.T) {
	var r reported
	if !r.first("gold") || r.first("gold") || !r.first("silver") {
		t.Error("want each name reported once")
	}
	for i := range 2 * maxReported {
		r.first(fmt.Sprint(i))
	}
	if len(r.names) != maxReported {
		t.Errorf("%d names remembered, want %d", len(r.names), maxReported)
	}
}

func TestALongNameTakesLittleRoom(t *testing.T) {
	var r reported
	if long := strings.Repeat("x", 1e6); !r.first(long) || r.first(long) {
		t.Error("want a long name reported once")
	}
	for name := range r.names {
		if len(name) > maxReportedLength {
			t.Errorf("%d bytes remembered", len(name))
		}
	}
}
