package jwksverify

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// maxField is the most bytes of a header that is made of a claim. Many upstreams take 8 KiB of headers in
// all.
const maxField = 4 << 10

// claimText is a claim's value as a header's: a text, a number as it was written, true or false, an object
// as JSON; of an array, each element so, joined by commas, without those that are empty or null. The
// percent sign and what a header may not hold are percent-encoded, and commas within elements, so that
// decoding gives back what the token says.
func claimText(value any) string {
	list, ok := value.([]any)
	if !ok {
		return escaped(plainText(value), "%")
	}
	elements := make([]string, 0, len(list))
	for _, element := range list {
		if text := escaped(plainText(element), "%,"); text != "" {
			elements = append(elements, text)
		}
	}
	return strings.Join(elements, ",")
}

func plainText(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return "" // not for what came as JSON
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// escaped percent-encodes the special bytes, every byte that is not printable ASCII, and spaces at the
// ends, which nobody keeps (RFC 9110, section 5.5). So a claim can neither end a header, nor be taken for
// another one.
func escaped(text, special string) string {
	bad := 0
	for i := range len(text) {
		if isUnsafe(text, i, special) {
			bad++
		}
	}
	if bad == 0 {
		return text
	}
	const hex = "0123456789ABCDEF"
	out := make([]byte, 0, len(text)+2*bad) // no more, as it is remembered
	for i := range len(text) {
		b := text[i]
		if isUnsafe(text, i, special) {
			out = append(out, '%', hex[b>>4], hex[b&0xf])
		} else {
			out = append(out, b)
		}
	}
	return string(out)
}

func isUnsafe(text string, i int, special string) bool {
	b := text[i]
	return b < ' ' || b > '~' || strings.IndexByte(special, b) >= 0 || b == ' ' && (i == 0 || i == len(text)-1)
}
