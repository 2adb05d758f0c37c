package jwksverify

import (
	"strings"
	"testing"
)

// The attacks of this file aim at the form of a token and at how its two objects are read.

func TestAttacksOnTheForm(t *testing.T) {
	head, good := string(mustJSON(header(nil))), string(mustJSON(goodClaims(nil)))
	token := goodToken()
	signature := strings.Split(token, ".")[2]
	checkTokens(t, testPolicy(), map[string]tokenRow{
		"nothing at all":                  {"", reasonMalformed},
		"one segment":                     {"a", reasonMalformed},
		"two segments":                    {"a.b", reasonMalformed},
		"a token and a segment":           {token + ".", reasonMalformed},
		"a segment and a token":           {"." + token, reasonMalformed},
		"five segments, as a JWE has":     {"a.b.c.d.e", reasonMalformed},
		"the JSON serialization":          {`{"protected":"` + b64([]byte(head)) + `","payload":"` + b64([]byte(good)) + `","signature":"` + signature + `"}`, reasonMalformed},
		"dots up to the largest token":    {strings.Repeat(".", maxToken), reasonMalformed},
		"a token larger than the largest": {sign(head, `{"x":"`+strings.Repeat("x", maxToken)+`",`+good[1:], rsaKey()), reasonMalformed},
		"a giant header":                  {sign(`{"x5c":["`+strings.Repeat("A", maxToken)+`"],`+head[1:], good, rsaKey()), reasonMalformed},
		"a large header that fits":        {sign(`{"x5c":["`+strings.Repeat("A", 4000)+`"],`+head[1:], good, rsaKey()), reasonOK},
		"base64 with padding":             {segment(token, 1, strings.Split(token, ".")[1]+"="), reasonMalformed},
		"base64 of the other alphabet":    {segment(token, 1, "+/+/"), reasonMalformed},
		"base64 with bits left over":      {segment(token, 0, "e31"), reasonMalformed},
		"an empty header":                 {segment(token, 0, ""), reasonMalformed},
		"an empty payload":                {segment(token, 1, ""), reasonMalformed},
		"space before the token":          {" " + token, reasonMalformed},
		"space behind the token":          {token + " ", reasonMalformed},
		"a line break before a dot":       {strings.Replace(token, ".", "\n.", 1), reasonMalformed},
		"CR and LF behind a dot":          {strings.Replace(token, ".", ".\r\n", 1), reasonMalformed},
		"CR and LF in the header segment": {token[:4] + "\r\n" + token[4:], reasonMalformed},
		"CR and LF at the end":            {token + "\r\n", reasonMalformed},
		"a NUL in a segment":              {token[:4] + "\x00" + token[4:], reasonMalformed},
		"an escaped dot":                  {strings.Replace(token, ".", "%2E", 1), reasonMalformed},
		"a full-width full stop":          {strings.Replace(token, ".", "．", 1), reasonMalformed},
		"a token within a token":          {sign(head, string(mustJSON(token)), rsaKey()), reasonMalformed},
	})
}

func TestAttacksOnTheObjects(t *testing.T) {
	head, good := string(mustJSON(header(nil))), string(mustJSON(goodClaims(nil)))
	evil := `"iss":"https://evil.test"`
	rows := map[string]tokenRow{
		"crit of an empty list":                     {headed(members{"crit": []string{}}), reasonMalformed},
		"crit that is null":                         {sign(`{"alg":"RS256","kid":"k1","crit":null}`, good, rsaKey()), reasonMalformed},
		"crit of what we know":                      {headed(members{"crit": []string{"alg"}}), reasonMalformed},
		"crit of what is there":                     {headed(members{"crit": []string{"x"}, "x": 1}), reasonMalformed},
		"crit with b64":                             {headed(members{"crit": []string{"b64"}, "b64": false}), reasonMalformed},
		"b64 without crit":                          {headed(members{"b64": false}), reasonMalformed},
		"b64 that changes nothing":                  {headed(members{"b64": true}), reasonMalformed},
		"CRIT is not crit":                          {headed(members{"CRIT": []string{"x"}}), reasonOK},
		"a logout token":                            {headed(members{"typ": "logout+jwt"}), reasonType},
		"a proof of possession":                     {headed(members{"typ": "dpop+jwt"}), reasonType},
		"typ a number":                              {headed(members{"typ": 7}), reasonType},
		"duplicate iss, the last ours":              {sign(head, `{`+evil+`,`+good[1:], rsaKey()), reasonMalformed},
		"duplicate iss, the first ours":             {sign(head, good[:len(good)-1]+`,`+evil+`}`, rsaKey()), reasonMalformed},
		"duplicate iss, one written with an escape": {sign(head, `{"\u0069ss":"https://evil.test",`+good[1:], rsaKey()), reasonMalformed},
		"duplicate exp":                             {sign(head, `{"exp":1,`+good[1:], rsaKey()), reasonMalformed},
		"duplicate members in a nested object":      {sign(head, `{"x":{"a":1,"a":2},`+good[1:], rsaKey()), reasonMalformed},
		"duplicate members in the header":           {sign(head[:len(head)-1]+`,"x":1,"x":2}`, good, rsaKey()), reasonMalformed},
		"duplicate alg":                             {sign(`{"alg":"none",`+head[1:], good, rsaKey()), reasonMalformed},
		"data after the payload's object":           {sign(head, good+`{"sub":"admin"}`, rsaKey()), reasonMalformed},
		"data after the header's object":            {sign(head+`x`, good, rsaKey()), reasonMalformed},
		"a payload that is an array":                {sign(head, `[`+good+`]`, rsaKey()), reasonMalformed},
		"a payload that is null":                    {sign(head, `null`, rsaKey()), reasonMalformed},
		"a payload that is not UTF-8":               {sign(head, `{"x":"`+"\xff"+`",`+good[1:], rsaKey()), reasonMalformed},
		"half a surrogate pair":                     {sign(head, `{"x":"\ud800",`+good[1:], rsaKey()), reasonMalformed},
		"a payload that nests too deep":             {sign(head, `{"x":`+strings.Repeat("[", 16)+strings.Repeat("]", 16)+`,`+good[1:], rsaKey()), reasonMalformed},
		"a header that nests too deep":              {sign(`{"x":`+strings.Repeat("[", 16)+strings.Repeat("]", 16)+`,`+head[1:], good, rsaKey()), reasonMalformed},
		"a number that no float64 holds":            {sign(head, `{"x":1e999,`+good[1:], rsaKey()), reasonMalformed},
		"comments":                                  {sign(head, `/**/`+good, rsaKey()), reasonMalformed},
	}
	checkTokens(t, testPolicy(), rows)
}

func TestAttacksOnIssuerAndAudience(t *testing.T) {
	checkTokens(t, testPolicy(), map[string]tokenRow{
		"no iss":                           {with(members{"iss": nil}), reasonIssuer},
		"an unknown iss":                   {with(members{"iss": "https://evil.test"}), reasonIssuer},
		"iss with a slash at its end":      {with(members{"iss": testIssuer + "/"}), reasonIssuer},
		"iss in another case":              {with(members{"iss": strings.ToUpper(testIssuer)}), reasonIssuer},
		"iss with a port":                  {with(members{"iss": "https://auth.example.test:443/as"}), reasonIssuer},
		"iss with a user":                  {with(members{"iss": "https://auth.example.test@evil.test/as"}), reasonIssuer},
		"iss with an escape":               {with(members{"iss": "https://auth.example.test/%61s"}), reasonIssuer},
		"iss with a Cyrillic look-alike":   {with(members{"iss": strings.Replace(testIssuer, "a", "а", 1)}), reasonIssuer},
		"iss in full-width letters":        {with(members{"iss": strings.Replace(testIssuer, "as", "ａｓ", 1)}), reasonIssuer},
		"iss with an invisible character":  {with(members{"iss": testIssuer + "\u200b"}), reasonIssuer},
		"iss with a combining character":   {with(members{"iss": testIssuer + "\u0301"}), reasonIssuer},
		"iss with a line break":            {with(members{"iss": testIssuer + "\r\n"}), reasonIssuer},
		"iss with a NUL":                   {with(members{"iss": testIssuer + "\x00"}), reasonIssuer},
		"iss as an array":                  {with(members{"iss": []string{testIssuer}}), reasonIssuer},
		"iss as an object":                 {with(members{"iss": members{"": testIssuer}}), reasonIssuer},
		"an empty iss":                     {with(members{"iss": ""}), reasonIssuer},
		"ISS does not stand for iss":       {with(members{"iss": nil, "ISS": testIssuer}), reasonIssuer},
		"ISS does not override iss":        {with(members{"ISS": "https://evil.test"}), reasonOK},
		"ıss and iſſ are not iss":          {with(members{"iss": nil, "ıss": testIssuer, "iſſ": testIssuer}), reasonIssuer},
		"no aud":                           {with(members{"aud": nil}), reasonAudience},
		"another aud":                      {with(members{"aud": "https://other.test"}), reasonAudience},
		"the other issuer's audience":      {mint(header(nil), goodClaims(members{"iss": "https://other.example.test", "aud": "second-audience"}), otherRSA()), reasonAudience},
		"aud that starts with ours":        {with(members{"aud": testAudience + "/x"}), reasonAudience},
		"aud with a slash at its end":      {with(members{"aud": testAudience + "/"}), reasonAudience},
		"aud in another case":              {with(members{"aud": strings.ToUpper(testAudience)}), reasonAudience},
		"aud with a look-alike":            {with(members{"aud": strings.Replace(testAudience, "p", "р", 1)}), reasonAudience},
		"ours among others, by spaces":     {with(members{"aud": "x " + testAudience}), reasonAudience},
		"an empty aud array":               {with(members{"aud": []string{}}), reasonAudience},
		"an aud array with a number in it": {with(members{"aud": []any{testAudience, 1}}), reasonAudience},
		"an aud array with an array in it": {with(members{"aud": []any{[]string{testAudience}}}), reasonAudience},
		"aud as an object":                 {with(members{"aud": members{testAudience: true}}), reasonAudience},
		"aud that is null":                 {with(members{"aud": (*int)(nil)}), reasonAudience},
		"AUD does not stand for aud":       {with(members{"aud": nil, "AUD": testAudience}), reasonAudience},
		"azp does not stand for aud":       {with(members{"aud": nil, "azp": testAudience}), reasonAudience},
		"another aud, and no good client":  {with(members{"aud": "x", "cnf": members{"jkt": "x"}}), reasonAudience},
	})
}

// FuzzReadSegments looks for panics, and for tokens that are written in more than one way.
func FuzzReadSegments(f *testing.F) {
	f.Add(goodToken())
	f.Add("e30.e30.")
	f.Add("e30.e30.AA\n")
	f.Add("e31.e30.AA")
	f.Fuzz(func(t *testing.T, raw string) {
		s, err := readSegments(raw)
		if err != nil {
			return
		}
		if s.header == nil || s.payload == nil {
			t.Error("a segment without an object")
		}
		signed, signature := raw[:strings.LastIndexByte(raw, '.')], raw[strings.LastIndexByte(raw, '.')+1:]
		if s.signed != signed || b64(s.signature) != signature {
			t.Errorf("%q is %q and %q", raw, s.signed, b64(s.signature))
		}
		for i, text := range strings.Split(signed, ".") {
			if b64(decoded(text)) != text {
				t.Errorf("segment %d can be written otherwise", i)
			}
		}
	})
}
