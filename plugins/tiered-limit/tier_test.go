package tieredlimit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// threeRungs is a ladder of free, standard, the default, and premium.
func threeRungs(t *testing.T) ladder {
	t.Helper()
	l, err := newLadder(Config{
		Tiers:         []Tier{{Name: "free"}, {Name: "standard"}, {Name: "premium"}},
		DefaultTier:   "standard",
		TierTagPrefix: "tier:",
	}, &calendars{})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestTheTierOfAConsumer(t *testing.T) {
	l := threeRungs(t)
	tag, claim := "a consumer's tag", "the claim"
	tests := map[string]struct {
		tags, claimed []string
		want          string
		strangers     []stranger
	}{
		"no tags mean the default tier":                      {nil, nil, "standard", nil},
		"tags without the prefix mean the default tier":      {[]string{"premium", "team:x"}, nil, "standard", nil},
		"a tag names the tier, even below the default":       {[]string{"tier:free"}, nil, "free", nil},
		"of several the one that stands last in tiers holds": {[]string{"tier:premium", "tier:free"}, nil, "premium", nil},
		"an unknown name does not count":                     {[]string{"tier:gold", "tier:free"}, nil, "free", []stranger{{"gold", tag}}},
		"only unknown names mean the default tier":           {[]string{"tier:gold", "tier:"}, nil, "standard", []stranger{{"gold", tag}, {"", tag}}},
		"names are told apart by case":                       {[]string{"tier:Free"}, nil, "standard", []stranger{{"Free", tag}}},
		"a claim names the tier, even below the default":     {nil, []string{"free"}, "free", nil},
		"a claim has no prefix":                              {nil, []string{"tier:free"}, "standard", []stranger{{"tier:free", claim}}},
		"of claim and tag the claim may stand higher":        {[]string{"tier:free"}, []string{"premium"}, "premium", nil},
		"of claim and tag the tag may stand higher":          {[]string{"tier:premium"}, []string{"free"}, "premium", nil},
		"unknown names of both":                              {[]string{"tier:a"}, []string{"b", "free"}, "free", []stranger{{"a", tag}, {"b", claim}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, strangers := l.pick(test.tags, test.claimed)
			if got.name != test.want {
				t.Errorf("tier %q, want %q", got.name, test.want)
			}
			if diff := cmp.Diff(test.strangers, strangers, cmp.AllowUnexported(stranger{})); diff != "" {
				t.Errorf("unknown names (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatAClaimNames(t *testing.T) {
	tests := map[string]struct {
		claims any
		want   []string
	}{
		"a name":                     {map[string]any{"plan": "gold"}, []string{"gold"}},
		"a list":                     {map[string]any{"plan": []any{"gold", "free"}}, []string{"gold", "free"}},
		"a list with other things":   {map[string]any{"plan": []any{"gold", 3.0, nil, []any{"free"}}}, []string{"gold"}},
		"an empty list is a map":     {map[string]any{"plan": map[string]any{}}, nil},
		"a number":                   {map[string]any{"plan": 3.0}, nil},
		"another claim":              {map[string]any{"tier": "gold"}, nil},
		"no claims":                  {nil, nil},
		"something else than claims": {"gold", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, claimedNames(test.claims, "plan")); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
		})
	}
}

// What a counter remembers of a tier holds for all configurations that have the same.
func TestTiersThatLimitAlikeAreEqual(t *testing.T) {
	days := &calendars{}
	quota := int64(5)
	made := func(zone string) tier {
		l, err := newLadder(Config{Tiers: []Tier{{Name: "a", DailyQuota: &quota, QuotaTimezone: zone}}, DefaultTier: "a"}, days)
		if err != nil {
			t.Fatal(err)
		}
		return l.rungs[0].tier
	}
	utc, again, tokyo := made("UTC"), made("UTC"), made("Asia/Tokyo")
	if utc != again || utc == tokyo {
		t.Error("want tiers equal in the same zone and different in another")
	}
	if utc.limits.Days == nil {
		t.Error("a quota without days")
	}
}

func TestATierWithoutAQuotaHasNoDays(t *testing.T) {
	for _, r := range threeRungs(t).rungs {
		if r.limits.Days != nil {
			t.Errorf("tier %s has days", r.name)
		}
	}
}
