package tieredlimit

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tollgate/internal/kong"
)

// plenty is more than any integer of structured fields: what remains where an operator grants it.
const plenty = math.MaxInt64

func byName(headers []kong.Header) map[string]string {
	out := map[string]string{}
	for _, h := range headers {
		out[h.Name] = h.Value
	}
	return out
}

func TestTheHeadersOfAResponse(t *testing.T) {
	second, day := Window{Limit: 20, Remaining: 12, ResetSeconds: 1}, Window{Limit: 50000, Remaining: 48211, ResetSeconds: 30127}
	tests := map[string]struct {
		option      string
		second, day Window
		want        map[string]string
	}{
		"of a rate, Kong's": {option: "kong", second: second, want: map[string]string{
			"X-RateLimit-Limit-Second": "20", "X-RateLimit-Remaining-Second": "12",
			"RateLimit-Limit": "20", "RateLimit-Remaining": "12", "RateLimit-Reset": "1",
		}},
		"of a quota, Kong's": {option: "kong", day: day, want: map[string]string{
			"X-RateLimit-Limit-Day": "50000", "X-RateLimit-Remaining-Day": "48211",
			"RateLimit-Limit": "50000", "RateLimit-Remaining": "48211", "RateLimit-Reset": "30127",
		}},
		"of both, Kong's tell the one with less remaining": {option: "kong", second: second, day: Window{Limit: 50000, Remaining: 11, ResetSeconds: 60}, want: map[string]string{
			"X-RateLimit-Limit-Second": "20", "X-RateLimit-Remaining-Second": "12",
			"X-RateLimit-Limit-Day": "50000", "X-RateLimit-Remaining-Day": "11",
			"RateLimit-Limit": "50000", "RateLimit-Remaining": "11", "RateLimit-Reset": "60",
		}},
		"of equals, Kong's tell the longer window": {option: "kong", second: second, day: Window{Limit: 50000, Remaining: 12, ResetSeconds: 60}, want: map[string]string{
			"X-RateLimit-Limit-Second": "20", "X-RateLimit-Remaining-Second": "12",
			"X-RateLimit-Limit-Day": "50000", "X-RateLimit-Remaining-Day": "12",
			"RateLimit-Limit": "50000", "RateLimit-Remaining": "12", "RateLimit-Reset": "60",
		}},
		"of a rate, the IETF's": {option: "ietf", second: second, want: map[string]string{
			"RateLimit-Policy": `"tps";q=20;w=1`, "RateLimit": `"tps";t=1;r=12`,
		}},
		"of a quota, the IETF's": {option: "ietf", day: day, want: map[string]string{
			"RateLimit-Policy": `"daily";q=50000;w=86400`, "RateLimit": `"daily";t=30127;r=48211`,
		}},
		"of both, the IETF's": {option: "ietf", second: second, day: day, want: map[string]string{
			"RateLimit-Policy": `"tps";q=20;w=1, "daily";q=50000;w=86400`, "RateLimit": `"tps";t=1;r=12, "daily";t=30127;r=48211`,
		}},
		"both families": {option: "both", second: second, want: map[string]string{
			"X-RateLimit-Limit-Second": "20", "X-RateLimit-Remaining-Second": "12",
			"RateLimit-Limit": "20", "RateLimit-Remaining": "12", "RateLimit-Reset": "1",
			"RateLimit-Policy": `"tps";q=20;w=1`, "RateLimit": `"tps";t=1;r=12`,
		}},
		"none":                   {option: "none", second: second, day: day, want: map[string]string{}},
		"where nothing is known": {option: "both", want: map[string]string{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSigns(Limits{TPS: test.second.Limit, Quota: test.day.Limit})
			got := newFamilies(test.option).of(&s, Decision{Second: test.second, Day: test.day})
			if diff := cmp.Diff(test.want, byName(got)); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			if len(got) != len(test.want) || cap(got) < len(got)+rejectionHeaders && len(got) > 0 {
				t.Errorf("%d headers with room for %d, want %d with room for a rejection's", len(got), cap(got), len(test.want))
			}
		})
	}
}

// Whatever the limits and the counts, both headers are lists of structured fields with one member for
// each limit, and say the same policies.
func TestTheIETFsHeadersAreStructuredFields(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := Limits{
			TPS:   rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(1, 1e6)).Draw(rt, "tps"),
			Quota: rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(1, 1e12)).Draw(rt, "quota"),
		}
		if l.unlimited() {
			l.Quota = 1e12
		}
		left := rapid.OneOf(rapid.Just(int64(plenty)), rapid.Int64Range(0, plenty))
		d := decided(tier{limits: l}, Outcome{RateLeft: left.Draw(rt, "rate left"), DayLeft: left.Draw(rt, "day left"), DayEnds: 25 * time.Hour}, FromRedis)
		s := newSigns(l)
		headers := byName(families{ietf: true}.of(&s, d))
		policies, states := parseList(rt, headers["RateLimit-Policy"]), parseList(rt, headers["RateLimit"])
		if len(policies) != len(states) {
			rt.Fatalf("%d policies, %d states", len(policies), len(states))
		}
		for i, p := range policies {
			want := sfItem{policyTPS, map[string]int64{"q": l.TPS, "w": 1}}
			if p.name == policyDaily {
				want = sfItem{policyDaily, map[string]int64{"q": l.Quota, "w": 86400}}
			}
			if p.name != states[i].name || !cmp.Equal(want, p, cmp.AllowUnexported(sfItem{})) {
				rt.Fatalf("policy %+v with state %+v, want %+v", p, states[i], want)
			}
			if r, t := states[i].params["r"], states[i].params["t"]; len(states[i].params) != 2 || r < 0 || t < 1 {
				rt.Fatalf("state %+v", states[i])
			}
		}
	})
}

// What an operator grants raises the limit that clients are told.
func TestAGrantIsPartOfTheLimit(t *testing.T) {
	of := Limits{TPS: 20, Quota: 5}
	s := newSigns(of)
	d := decided(tier{limits: of}, Outcome{Admitted: 1, RateLeft: 19, DayLeft: 9, Granted: 10, DayEnds: time.Hour}, FromRedis)
	got := byName(newFamilies("both").of(&s, d))
	for name, want := range map[string]string{
		"X-RateLimit-Limit-Day": "15", "X-RateLimit-Remaining-Day": "9", "RateLimit-Limit": "15", "X-RateLimit-Limit-Second": "20",
		"RateLimit-Policy": `"tps";q=20;w=1, "daily";q=15;w=86400`, "RateLimit": `"tps";t=1;r=19, "daily";t=3600;r=9`,
	} {
		if got[name] != want {
			t.Errorf("%s: %s, want %s", name, got[name], want)
		}
	}
}

func BenchmarkHeaders(b *testing.B) {
	s := newSigns(Limits{TPS: 100, Quota: 1e9})
	d := Decision{Second: Window{Limit: 100, Remaining: 57, ResetSeconds: 1}, Day: Window{Limit: 1e9, Remaining: 999_123, ResetSeconds: 40_000}}
	for _, option := range []string{headersKong, headersIETF, headersBoth, headersNone} {
		f := newFamilies(option)
		b.Run(option, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f.of(&s, d)
			}
		})
	}
}

// Kong hashes what it is sent by its ends: a count that stood elsewhere would cost it a chain of strings.
func TestTheCountThatChangesEndsTheHeaders(t *testing.T) {
	for _, option := range []string{headersKong, headersIETF, headersBoth} {
		for name, l := range map[string]Limits{"a rate": {TPS: 1000}, "a quota": {Quota: 1e6}, "both": {TPS: 1000, Quota: 1e6}} {
			s := newSigns(l)
			last := func(left int64) string {
				d := decided(tier{limits: l}, Outcome{Admitted: 1, RateLeft: left, DayLeft: left, DayEnds: time.Hour}, FromRedis)
				headers := newFamilies(option).of(&s, d)
				value := headers[len(headers)-1].Value
				return value[len(value)-3:]
			}
			if got := last(567); got != "567" {
				t.Errorf("headers %s of %s end with %q, want the count", option, name, got)
			}
		}
	}
}
