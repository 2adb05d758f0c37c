package declarative

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/template"
)

// prefix is what decK demands of the names of environment variables.
const prefix = "DECK_"

// Render replaces `${{ env "DECK_NAME" }}`, with the conversions toBool, toInt and toFloat, as decK does
// before it reads a file. lookup returns the value of an environment variable. An error names variables and
// never their values.
func Render(source []byte, lookup func(string) (string, bool)) ([]byte, error) {
	t, err := template.New("configuration").Delims("${{", "}}").Funcs(template.FuncMap{
		"env": func(name string) (string, error) {
			if !strings.HasPrefix(name, prefix) {
				return "", fmt.Errorf("the name of the variable %s must start with %s", name, prefix)
			}
			value, ok := lookup(name)
			if !ok {
				return "", fmt.Errorf("the environment has no %s", name)
			}
			return value, nil
		},
		"toBool":  converted("true or false", strconv.ParseBool),
		"toInt":   converted("an integer", strconv.Atoi),
		"toFloat": converted("a number", func(s string) (float64, error) { return strconv.ParseFloat(s, 64) }),
	}).Parse(string(source))
	if err != nil {
		return nil, fmt.Errorf("reading the references to the environment: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, nil); err != nil {
		return nil, fmt.Errorf("rendering the references to the environment: %w", err)
	}
	return out.Bytes(), nil
}

// converted keeps a value, which may be a secret, out of the error that strconv would quote it in.
func converted[T any](kind string, parse func(string) (T, error)) func(string) (T, error) {
	return func(text string) (T, error) {
		value, err := parse(text)
		if err != nil {
			return value, errors.New("the value is not " + kind)
		}
		return value, nil
	}
}
