package deploy

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tier is what every example says of one.
type tier struct {
	Name  string `json:"name" yaml:"name"`
	TPS   int    `json:"tps" yaml:"tps"`
	Daily int    `json:"daily_quota" yaml:"daily_quota"`
}

// sold are the tiers that consumers pay for, from the least to the most.
func sold() []tier {
	return []tier{{"free", 20, 50000}, {"standard", 60, 250000}, {"premium", 100, 1000000}}
}

// tiersOf are those of a configuration of tiered-limit.
func tiersOf(t *testing.T, config any) []tier {
	t.Helper()
	data, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return decode[struct {
		Tiers []tier `yaml:"tiers"`
	}](t, string(data)).Tiers
}

func TestTheTiersAreThoseThatAreSold(t *testing.T) {
	for name, entries := range map[string][]Entry{
		"kong.yml":   Entries(example(t)),
		"kubernetes": entriesOf(kubernetes(t)),
	} {
		at := slices.IndexFunc(entries, func(e Entry) bool { return e.Name == "tiered-limit" })
		if at < 0 {
			t.Errorf("%s has no tiered-limit", name)
			continue
		}
		got := slices.DeleteFunc(tiersOf(t, entries[at].Config), func(tier tier) bool { return tier.Name == "trial" })
		if diff := cmp.Diff(sold(), got); diff != "" {
			t.Errorf("%s: tiers (-want +got):\n%s", name, diff)
		}
	}
}

// Of a tag that names no tier tiered-limit only warns, and the default tier holds.
func TestEachTierHasAConsumerAndEachConsumerATier(t *testing.T) {
	document := decode[struct {
		Consumers []struct {
			Username string
			Tags     []string
		}
	}](t, read(t, "kong.yml"))
	var tagged []string
	for _, consumer := range document.Consumers {
		tagged = append(tagged, consumer.Tags...)
	}
	want := []string{"tier:free", "tier:standard", "tier:premium", "tier:trial"}
	if diff := cmp.Diff(want, tagged); diff != "" {
		t.Errorf("kong.yml: tags (-want +got):\n%s", diff)
	}
	var annotated []string
	for _, object := range kubernetes(t) {
		if object.Kind == "KongConsumer" {
			annotated = append(annotated, strings.Split(object.Metadata.Annotations["konghq.com/tags"], ",")...)
		}
	}
	if diff := cmp.Diff(want[:3], annotated); diff != "" {
		t.Errorf("kubernetes: tags (-want +got):\n%s", diff)
	}
}
