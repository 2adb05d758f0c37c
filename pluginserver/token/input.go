package token

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxInput is far above any token that the plugin takes.
const maxInput = 1 << 20

// readToken takes a token alone, or as it stands in a request: after Bearer, or after the header's name too.
func readToken(stdin io.Reader) (string, error) {
	data, err := io.ReadAll(io.LimitReader(stdin, maxInput+1))
	if err != nil {
		return "", fmt.Errorf("reading the token: %w", err)
	}
	if len(data) > maxInput {
		return "", errors.New("reading the token: the input is too large")
	}
	text := strings.TrimSpace(string(data))
	for _, before := range []string{"Authorization:", "Bearer "} {
		if len(text) >= len(before) && strings.EqualFold(text[:len(before)], before) {
			text = strings.TrimSpace(text[len(before):])
		}
	}
	if text == "" {
		return "", errors.New("reading the token: the standard input is empty")
	}
	return text, nil
}
