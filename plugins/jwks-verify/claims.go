package jwksverify

import (
	"encoding/json"
	"fmt"
	"slices"
)

// claims are a token's payload, numbers as they were written, names told apart by case.
type claims map[string]any

// text is the value of a claim that is a string, else empty.
func (c claims) text(name string) string {
	s, _ := c[name].(string)
	return s
}

// texts is the value of a claim that is a string, or an array of strings only. ok tells that it is.
func (c claims) texts(name string) (values []string, ok bool) {
	switch value := c[name].(type) {
	case string:
		return []string{value}, true
	case []any:
		for _, element := range value {
			s, ok := element.(string)
			if !ok {
				return nil, false
			}
			values = append(values, s)
		}
		return values, true
	}
	return nil, false
}

// scalarText is a string, a number as the token writes it, or true or false as a word.
func scalarText(value any) (text string, ok bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return string(v), true
	case bool:
		return fmt.Sprint(v), true
	}
	return "", false
}

// checkAudience compares aud, a string or an array of strings (RFC 7519, section 4.1.3), exactly.
func (i *issuerPolicy) checkAudience(c claims) *refusal {
	if i.anyAudience {
		return nil
	}
	audience, ok := c.texts("aud")
	if !ok || !slices.ContainsFunc(audience, func(aud string) bool { return slices.Contains(i.audiences, aud) }) {
		return &refusal{reasonAudience, fmt.Sprintf("aud holds none of %q", i.audiences)}
	}
	return nil
}
