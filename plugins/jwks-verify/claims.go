package jwksverify

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"
)

// claims are a token's payload, numbers as they were written, names told apart by case.
type claims map[string]any

// text is the value of a claim that is a string, else empty.
func (c claims) text(name string) string {
	s, _ := c[name].(string)
	return s
}

// check applies the rules on verified claims; the times are the last, so that their reasons say that
// nothing else is wrong.
func (c claims) check(issuer *Issuer, leeway time.Duration, now time.Time) *refusal {
	if _, bound := c["cnf"]; bound {
		// RFC 9449, section 7.2, and RFC 8705, section 3: such a token is not a bearer token.
		return &refusal{reasonBinding, "the token is bound to a key (cnf)"}
	}
	if !slices.ContainsFunc(c.audience(), func(aud string) bool { return slices.Contains(issuer.Audiences, aud) }) {
		return &refusal{reasonAudience, fmt.Sprintf("aud holds none of %q", issuer.Audiences)}
	}
	return c.checkTimes(leeway, now)
}

// audience reads aud, a string or an array of strings (RFC 7519, section 4.1.3).
func (c claims) audience() []string {
	switch aud := c["aud"].(type) {
	case string:
		return []string{aud}
	case []any:
		out := make([]string, 0, len(aud))
		for _, element := range aud {
			s, ok := element.(string)
			if !ok {
				return nil
			}
			out = append(out, s)
		}
		return out
	}
	return nil
}

func (c claims) checkTimes(leeway time.Duration, now time.Time) *refusal {
	for _, name := range []string{"exp", "nbf", "iat"} {
		if value, present := c[name]; present && !isDate(value) {
			return &refusal{reasonMalformed, name + " is not a NumericDate"}
		}
	}
	exp, ok := c.date("exp")
	if !ok {
		return &refusal{reasonMalformed, "there is no exp"}
	}
	if !now.Before(exp.Add(leeway)) { // RFC 7519, section 4.1.4: "on or after"
		return &refusal{reasonExpired, fmt.Sprintf("%s ago, the leeway is %s", now.Sub(exp).Round(time.Second), leeway)}
	}
	if nbf, ok := c.date("nbf"); ok && now.Add(leeway).Before(nbf) {
		return &refusal{reasonNotYetValid, fmt.Sprintf("for another %s, the leeway is %s", nbf.Sub(now).Round(time.Second), leeway)}
	}
	return nil
}

// date reads a NumericDate: seconds since 1970, possibly with a fraction (RFC 7519, section 2).
func (c claims) date(name string) (time.Time, bool) {
	seconds, ok := numericDate(c[name])
	if !ok {
		return time.Time{}, false
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)), true
}

func isDate(value any) bool { _, ok := numericDate(value); return ok }

// numericDate takes JSON numbers up to the year 9999: beyond, arithmetic on times overflows, and a
// far nbf becomes a past one.
func numericDate(value any) (float64, bool) {
	const year9999 = 253402300799
	number, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	seconds, err := number.Float64()
	return seconds, err == nil && seconds >= 0 && seconds <= year9999
}
