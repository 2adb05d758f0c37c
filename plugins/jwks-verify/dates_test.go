package jwksverify

import (
	"encoding/json"
	"testing"
	"time"
)

// at is a NumericDate some time from testNow, to the millisecond.
func at(d time.Duration) json.Number {
	text, _ := json.Marshal(float64(testNow.Add(d).UnixMilli()) / 1000)
	return json.Number(text)
}

func TestTimes(t *testing.T) {
	rows := map[string]tokenRow{}
	for name, row := range map[string]struct {
		claims members
		want   reason
	}{
		"expired within the leeway":              {members{"exp": at(-9999 * time.Millisecond)}, reasonOK},
		"expired by exactly the leeway":          {members{"exp": at(-10 * time.Second)}, reasonExpired},
		"expired long ago":                       {members{"exp": 0}, reasonExpired},
		"nbf ahead by exactly the leeway":        {members{"nbf": at(10 * time.Second)}, reasonOK},
		"nbf ahead by more than the leeway":      {members{"nbf": at(10001 * time.Millisecond)}, reasonNotYetValid},
		"nbf in the past":                        {members{"nbf": at(-time.Hour)}, reasonOK},
		"iat ahead by exactly the leeway":        {members{"iat": at(10 * time.Second)}, reasonOK},
		"iat ahead by more than the leeway":      {members{"iat": at(10001 * time.Millisecond)}, reasonNotYetValid},
		"iat long ago, with no bound on the age": {members{"iat": 1}, reasonOK},
		"no iat, with no bound on the age":       {members{"iat": nil}, reasonOK},
		"expired and for another audience":       {members{"exp": 1, "aud": "x"}, reasonAudience},
		"a date with a fraction and an exponent": {members{"exp": json.Number("1.8000000605e9")}, reasonOK},
		"the last second of the year 9999":       {members{"exp": 253402300799}, reasonOK},
		"no exp":                                 {members{"exp": nil}, reasonMalformed},
		"Exp does not stand for exp":             {members{"exp": nil, "Exp": 1900000000}, reasonMalformed},
		"EXP does not override exp":              {members{"exp": 1, "EXP": 1900000000}, reasonExpired},
		"exp as a string":                        {members{"exp": "1900000000"}, reasonMalformed},
		"exp as null":                            {members{"exp": (*int)(nil)}, reasonMalformed},
		"exp in an array":                        {members{"exp": []int{1900000000}}, reasonMalformed},
		"exp in an object":                       {members{"exp": members{"$date": 1900000000}}, reasonMalformed},
		"exp as a boolean":                       {members{"exp": true}, reasonMalformed},
		"exp beyond the year 9999":               {members{"exp": 253402300800}, reasonMalformed},
		"exp in milliseconds":                    {members{"exp": 1900000000000}, reasonMalformed},
		"exp that overflows an int64":            {members{"exp": json.Number("1e19")}, reasonMalformed},
		"exp of 1e308":                           {members{"exp": json.Number("1e308")}, reasonMalformed},
		"exp negative":                           {members{"exp": -1}, reasonMalformed},
		"nbf that overflows into the past":       {members{"nbf": json.Number("1e19")}, reasonMalformed},
		"nbf of 2^63":                            {members{"nbf": json.Number("9223372036854775808")}, reasonMalformed},
		"nbf of 1e308":                           {members{"nbf": json.Number("1e308")}, reasonMalformed},
		"nbf as a string":                        {members{"nbf": "0"}, reasonMalformed},
		"nbf as null":                            {members{"nbf": (*int)(nil)}, reasonMalformed},
		"iat as a boolean":                       {members{"iat": true}, reasonMalformed},
		"iat as a date of ISO 8601":              {members{"iat": "2026-01-01T00:00:00Z"}, reasonMalformed},
	} {
		rows[name] = tokenRow{with(row.claims), row.want}
	}
	checkTokens(t, testPolicy(), rows)
}

func TestTheAgeOfATokenIsBoundByItsIat(t *testing.T) {
	p := policyWith(func(c *Config) { c.MaxAgeSeconds = 300 })
	checkTokens(t, p, map[string]tokenRow{
		"as old as it may be, but for the leeway": {with(members{"iat": at(-309999 * time.Millisecond)}), reasonOK},
		"older by the leeway":                     {with(members{"iat": at(-310 * time.Second)}), reasonExpired},
		"no iat":                                  {with(members{"iat": nil}), reasonClaim},
		"an iat ahead, that would last longer":    {with(members{"iat": at(11 * time.Second)}), reasonNotYetValid},
		"young, but expired":                      {with(members{"exp": at(-11 * time.Second)}), reasonExpired},
	})
}

func TestAKeptProofExpires(t *testing.T) {
	p := testPolicy()
	found, r := p.authenticate(with(members{"nbf": testNow.Unix()}), testKeys(t))
	if r != nil {
		t.Fatal(r)
	}
	for _, row := range []struct {
		after time.Duration
		want  reason
	}{
		{-11 * time.Second, reasonNotYetValid},
		{0, reasonOK},
		{69 * time.Second, reasonOK},
		{70 * time.Second, reasonExpired},
	} {
		if v := found.verdict(p.admit(&found, circumstances{now: testNow.Add(row.after)})); v.reason != row.want {
			t.Errorf("after %s: %s, want %s", row.after, v.reason, row.want)
		}
	}
}
