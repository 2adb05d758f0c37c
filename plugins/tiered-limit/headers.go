package tieredlimit

import (
	"strconv"

	"tollgate/internal/kong"
)

// The families of rate-limit headers, as the option headers names them.
const (
	headersKong = "kong"
	headersIETF = "ietf"
	headersBoth = "both"
	headersNone = "none"
)

// families are the rate-limit headers that clients get.
type families struct{ kong, ietf bool }

func newFamilies(option string) families {
	return families{
		kong: option == headersKong || option == headersBoth,
		ietf: option == headersIETF || option == headersBoth,
	}
}

// signs are a tier's own parts of the headers.
type signs struct {
	limits      Limits
	second, day string // the limits
	policy      string // RateLimit-Policy
}

func newSigns(l Limits) signs {
	s := signs{limits: l, second: strconv.FormatInt(l.TPS, 10), day: strconv.FormatInt(l.Quota, 10)}
	if l.TPS > 0 {
		s.policy = `"` + policyTPS + `";q=` + s.second + ";w=1"
	}
	if l.Quota > 0 {
		if s.policy != "" {
			s.policy += ", "
		}
		s.policy += `"` + policyDaily + `";q=` + s.day + ";w=86400"
	}
	return s
}

// How many headers a response gets: of each family, and of a rejection Retry-After and Content-Type.
const (
	kongHeaders      = 7
	ietfHeaders      = 2
	rejectionHeaders = 2
)

// of returns the headers that tell the state of the limits; none where it is not known. The counts that
// change with each request come last, the smallest units at the very end: internal/kong/encode.go says why.
func (f families) of(s *signs, d Decision) []kong.Header {
	if d.Second.Limit == 0 && d.Day.Limit == 0 || f == (families{}) {
		return nil
	}
	if d.Day.Limit != s.limits.Quota { // an operator has granted more
		granted := newSigns(Limits{TPS: s.limits.TPS, Quota: d.Day.Limit})
		s = &granted
	}
	room := rejectionHeaders
	if f.kong {
		room += kongHeaders
	}
	if f.ietf {
		room += ietfHeaders
	}
	out := make([]kong.Header, 0, room)
	if f.kong {
		out = appendKong(out, s, d)
	}
	if f.ietf {
		out = append(out, kong.Header{Name: "RateLimit-Policy", Value: s.policy}, kong.Header{Name: "RateLimit", Value: rateLimit(d)})
	}
	return out
}

// appendKong adds the headers under the names, and with the meaning, of Kong's bundled rate-limiting
// plugin (kong/plugins/rate-limiting/handler.lua).
func appendKong(out []kong.Header, s *signs, d Decision) []kong.Header {
	tightest, w := s.second, d.Second
	if d.dayIsTighter() {
		tightest, w = s.day, d.Day
	}
	out = append(out, kong.Header{Name: "RateLimit-Limit", Value: tightest},
		number("RateLimit-Reset", w.ResetSeconds), number("RateLimit-Remaining", w.Remaining))
	if w := d.Second; w.Limit > 0 {
		out = append(out, kong.Header{Name: "X-RateLimit-Limit-Second", Value: s.second}, number("X-RateLimit-Remaining-Second", w.Remaining))
	}
	if w := d.Day; w.Limit > 0 {
		out = append(out, kong.Header{Name: "X-RateLimit-Limit-Day", Value: s.day}, number("X-RateLimit-Remaining-Day", w.Remaining))
	}
	return out
}

// rateLimit is the value of RateLimit (draft-ietf-httpapi-ratelimit-headers-10): a list of structured
// fields (RFC 9651), one for each limit. The draft gives the parameters no order.
func rateLimit(d Decision) string {
	value := make([]byte, 0, 64)
	if d.Second.Limit > 0 {
		value = appendItem(value, policyTPS, d.Second)
	}
	if d.Day.Limit > 0 {
		if len(value) > 0 {
			value = append(value, ", "...)
		}
		value = appendItem(value, policyDaily, d.Day)
	}
	return string(value)
}

// maxInteger is the largest of structured fields (RFC 9651, section 3.3.1).
const maxInteger = 999_999_999_999_999

func appendItem(value []byte, policy string, w Window) []byte {
	value = append(value, '"')
	value = append(value, policy...)
	value = append(value, `";t=`...)
	value = strconv.AppendInt(value, w.ResetSeconds, 10)
	value = append(value, ";r="...)
	return strconv.AppendInt(value, min(w.Remaining, maxInteger), 10)
}

func number(name string, value int64) kong.Header {
	return kong.Header{Name: name, Value: strconv.FormatInt(value, 10)}
}
