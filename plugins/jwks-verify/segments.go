package jwksverify

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep JSON from outside may nest.
const maxDepth = 16

// checkSegments checks the form of a token where golang-jwt does not: it takes the last of duplicate
// members, ignores what follows the claims, and its base64 decoder skips line breaks.
func checkSegments(raw string) error {
	if strings.ContainsAny(raw, "\r\n") {
		return errors.New("the token holds a line break")
	}
	segments := strings.Split(raw, ".")
	if len(segments) != 3 {
		return fmt.Errorf("the token has %d segments, not 3", len(segments))
	}
	for i, part := range []string{"header", "payload"} {
		data, err := base64.RawURLEncoding.Strict().DecodeString(segments[i])
		if err != nil {
			return fmt.Errorf("the %s is not base64url", part)
		}
		if err := checkObject(data); err != nil {
			return fmt.Errorf("the %s %w", part, err)
		}
	}
	return nil
}

// checkObject tells whether data is exactly one JSON object, with distinct names in each object within
// (RFC 7519, section 4), numbers that a float64 holds, nested no deeper than maxDepth. Names that
// differ in case are distinct, as the maps that they are decoded into see them.
func checkObject(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return errors.New("is not a JSON object")
	}
	if err := checkMembers(dec, 1); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("goes on after the JSON object")
	}
	return nil
}

// checkMembers checks an object's members up to its closing brace.
func checkMembers(dec *json.Decoder, depth int) error {
	seen := map[json.Token]bool{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return errNotJSON
		}
		if seen[name] {
			return errors.New("has duplicate members")
		}
		seen[name] = true
		if err := checkValue(dec, depth); err != nil {
			return err
		}
	}
	return closing(dec)
}

func checkValue(dec *json.Decoder, depth int) error {
	value, err := dec.Token()
	if err != nil {
		return errNotJSON
	}
	switch v := value.(type) {
	case json.Number:
		if _, err := v.Float64(); err != nil {
			return errors.New("has a number out of range")
		}
	case json.Delim:
		return checkNested(dec, v, depth+1)
	}
	return nil
}

func checkNested(dec *json.Decoder, start json.Delim, depth int) error {
	if depth > maxDepth {
		return errors.New("nests too deep")
	}
	if start == '{' {
		return checkMembers(dec, depth)
	}
	for dec.More() {
		if err := checkValue(dec, depth); err != nil {
			return err
		}
	}
	return closing(dec)
}

func closing(dec *json.Decoder) error {
	if _, err := dec.Token(); err != nil {
		return errNotJSON
	}
	return nil
}

var errNotJSON = errors.New("is not JSON")
