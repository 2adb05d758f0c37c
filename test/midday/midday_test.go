package midday

import (
	"testing"
	"time"
)

func TestItIsMiddayInTheZone(t *testing.T) {
	for hour := range 24 {
		at := time.Date(2025, 11, 21, hour, 59, 59, 0, time.UTC)
		zone, err := time.LoadLocation(Zone(at))
		if err != nil || at.In(zone).Hour() != 12 {
			t.Errorf("at %v: zone %v, %v", at, zone, err)
		}
	}
}
