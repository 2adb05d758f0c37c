package tieredlimit

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheTierOfAConsumer(t *testing.T) {
	l := newLadder(Config{
		Tiers:         []Tier{{Name: "free"}, {Name: "standard"}, {Name: "premium"}},
		DefaultTier:   "standard",
		TierTagPrefix: "tier:",
	})
	tests := map[string]struct {
		tags    []string
		want    string
		unknown []string
	}{
		"no tags mean the default tier":                      {nil, "standard", nil},
		"tags without the prefix mean the default tier":      {[]string{"premium", "team:x"}, "standard", nil},
		"a tag names the tier, even below the default":       {[]string{"tier:free"}, "free", nil},
		"of several the one that stands last in tiers holds": {[]string{"tier:premium", "tier:free"}, "premium", nil},
		"an unknown name does not count":                     {[]string{"tier:gold", "tier:free"}, "free", []string{"gold"}},
		"only unknown names mean the default tier":           {[]string{"tier:gold", "tier:"}, "standard", []string{"gold", ""}},
		"names are told apart by case":                       {[]string{"tier:Free"}, "standard", []string{"Free"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, unknown := l.pick(test.tags)
			if got.name != test.want {
				t.Errorf("tier %q, want %q", got.name, test.want)
			}
			if diff := cmp.Diff(test.unknown, unknown); diff != "" {
				t.Errorf("unknown names (-want +got):\n%s", diff)
			}
		})
	}
}

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
