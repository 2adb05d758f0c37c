package fleet

import (
	"fmt"
	"testing"
	"time"
)

const second = int64(time.Second / time.Microsecond)

// crowded finds a second with more admissions than the rate. A second holds its begin and not its end.
func crowded(times []int64, tps int64) error {
	for i := tps; i < int64(len(times)); i++ {
		if first, last := times[i-tps], times[i]; last-first < second {
			return fmt.Errorf("%d were admitted in the %d µs up to %d, want at most %d in a second", tps+1, last-first, last, tps)
		}
	}
	return nil
}

// poured finds an interval with more admissions than a burst and what the rate adds in its length.
func poured(times []int64, burst, tps int64) error {
	var least, from int64 // admissions before an interval less what the rate had added, in millionths
	for i, at := range times {
		debt := int64(i)*second - tps*(at-times[0])
		if i == 0 || debt < least {
			least, from = debt, at
		}
		if over := debt + second - least - burst*second; over > 0 {
			return fmt.Errorf("%.6f too many were admitted from %d to %d, under a burst of %d and %d a second",
				float64(over)/float64(second), from, at, burst, tps)
		}
	}
	return nil
}

func TestTheJudgesFindOneTooMany(t *testing.T) {
	exact := func(times []int64) error { return crowded(times, 2) }
	bucket := func(times []int64) error { return poured(times, 3, 2) }
	const s = second
	for _, row := range []struct {
		name  string
		judge func([]int64) error
		times []int64
		fine  bool
	}{
		{"none in a second", exact, nil, true},
		{"two in each second", exact, []int64{0, 5, s, s + 5}, true},
		{"the third one µs early", exact, []int64{0, 5, s - 1}, false},
		{"three at once", exact, []int64{7, 7, 7}, false},
		{"none of a bucket", bucket, nil, true},
		{"a burst, then the rate", bucket, []int64{9, 9, 9, 9 + s/2, 9 + s}, true},
		{"a burst and one", bucket, []int64{9, 9, 9, 9}, false},
		{"a burst, then one µs early", bucket, []int64{9, 9, 9, 8 + s/2}, false},
		{"a burst after a while", bucket, []int64{0, 5 * s, 5 * s, 5 * s}, true},
		{"a burst after a while and one", bucket, []int64{0, 5 * s, 5 * s, 5 * s, 5 * s}, false},
		{"less than the rate, then a burst and one", bucket, []int64{0, s, 2 * s, 3 * s, 3 * s, 3 * s, 3 * s}, false},
	} {
		if err := row.judge(row.times); (err == nil) != row.fine {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}
