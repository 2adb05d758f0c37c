package observability

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"
)

// number is the value of a series, NaN where it is none.
func number(s series) float64 {
	text, _ := s.Value[1].(string)
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return value
}

// anyNumber tells whether a panel has something to draw.
func anyNumber(all []series) bool {
	return slices.ContainsFunc(all, func(s series) bool { return !math.IsNaN(number(s)) && !math.IsInf(number(s), 0) })
}

func anyHas(all []series, label string) bool {
	return slices.ContainsFunc(all, func(s series) bool { return s.Metric[label] != "" })
}

// TestStatusTellsThePeopleWhatTheMetricsTellMachines reads /status after the traffic and the outage.
func TestStatusTellsThePeopleWhatTheMetricsTellMachines(t *testing.T) {
	s := stageOf(t)
	var status struct {
		Plugins struct {
			Limit struct {
				Configurations []struct {
					DefaultTier string `json:"default_tier"`
					Tiers       []struct {
						Name string
						TPS  int64 `json:"tps"`
					}
				}
				Targets []struct {
					Target, State string
					LiveNodes     int64 `json:"live_nodes"`
					Connections   []struct{ Breaker string }
				}
			} `json:"tiered-limit"`
			Verify struct {
				KeySets []struct {
					Source, State string
					Fetched       time.Time
					Keys          int
					Kids          []string
				} `json:"key_sets"`
			} `json:"jwks-verify"`
			Guard struct {
				LastHour []struct {
					Reason, Place, Mode string
					Count               int64
				} `json:"last_hour"`
			} `json:"header-guard"`
		}
	}
	if err := json.Unmarshal(s.fetch(t, s.StatusURL+"/status"), &status); err != nil {
		t.Fatal(err)
	}
	limit, verify, guard := status.Plugins.Limit, status.Plugins.Verify, status.Plugins.Guard
	if len(limit.Configurations) != 1 || limit.Configurations[0].DefaultTier != "free" || len(limit.Configurations[0].Tiers) != 4 || limit.Configurations[0].Tiers[3].TPS != 100 {
		t.Errorf("tiers: %+v", limit.Configurations)
	}
	if len(limit.Targets) != 1 || limit.Targets[0].State != "answers" || limit.Targets[0].LiveNodes != 1 || limit.Targets[0].Connections[0].Breaker != "closed" {
		t.Errorf("store: %+v", limit.Targets)
	}
	if len(verify.KeySets) != 1 || verify.KeySets[0].Source != s.Issuer.JWKSURL() || verify.KeySets[0].State != "fresh" ||
		verify.KeySets[0].Fetched.IsZero() || len(verify.KeySets[0].Kids) != verify.KeySets[0].Keys || verify.KeySets[0].Keys == 0 {
		t.Errorf("key sets: %+v", verify.KeySets)
	}
	modes := map[string]int64{}
	for _, one := range guard.LastHour {
		modes[one.Mode] += one.Count
		if one.Reason != "missing" || one.Place != "unknown" {
			t.Errorf("%+v", one)
		}
	}
	if modes["enforce"] == 0 || modes["audit"] == 0 {
		t.Errorf("header-guard's last hour: %+v", guard.LastHour)
	}
}
