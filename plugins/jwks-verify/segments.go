package jwksverify

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// segments are a token's parts. Nothing in them is proven.
type segments struct {
	header    map[string]any
	payload   claims
	signed    string // what the signature is of
	signature []byte
}

// readSegments takes the compact serialization of RFC 7515, section 7.1, of two JSON objects. Its cost is
// bounded by maxToken, which it checks: not every caller has.
func readSegments(raw string) (segments, error) {
	if len(raw) > maxToken {
		return segments{}, errors.New("the token is too large")
	}
	if n := strings.Count(raw, ".") + 1; n != 3 {
		return segments{}, fmt.Errorf("the token has %d segments, not 3", n)
	}
	last := strings.LastIndexByte(raw, '.')
	s := segments{signed: raw[:last]}
	header, payload, _ := strings.Cut(s.signed, ".")
	var err error
	if s.header, err = decodeObject(header); err != nil {
		return segments{}, fmt.Errorf("the header %w", err)
	}
	if s.payload, err = decodeObject(payload); err != nil {
		return segments{}, fmt.Errorf("the payload %w", err)
	}
	if s.signature, err = decodeSegment(raw[last+1:]); err != nil {
		return segments{}, fmt.Errorf("the signature %w", err)
	}
	return s, nil
}

func decodeObject(segment string) (map[string]any, error) {
	data, err := decodeSegment(segment)
	if err != nil {
		return nil, err
	}
	return readObject(data)
}

var errNotBase64URL = errors.New("is not base64url")

// decodeSegment decodes base64url without padding (RFC 7515, section 2). Each content has one form only:
// no line breaks, which encoding/base64 skips, and no bits left over.
func decodeSegment(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, errNotBase64URL
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, errNotBase64URL
	}
	return data, nil
}
