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

// delimiter begins a reference.
const delimiter = "${{"

// Render replaces `${{ env "DECK_NAME" }}`, with the functions toBool, toInt, toFloat and indent, as decK does
// before it reads a file (renderTemplate in Kong's go-database-reconciler). Lines of comments stay as they are.
// lookup returns the value of an environment variable. An error names variables and never their values.
func Render(source []byte, lookup func(string) (string, bool)) ([]byte, error) {
	t, err := template.New("configuration").Delims(delimiter, "}}").Funcs(template.FuncMap{
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
		"indent": func(spaces int, text string) string {
			return strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", spaces))
		},
	}).Parse(inert(string(source)))
	if err != nil {
		return nil, fmt.Errorf("reading the references to the environment: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, nil); err != nil {
		return nil, fmt.Errorf("rendering the references to the environment: %w", err)
	}
	return out.Bytes(), nil
}

// inert has references within comments render as themselves: what they name may be gone. A comment is a line
// that starts with #, wherever it stands.
func inert(source string) string {
	var out strings.Builder
	for line := range strings.Lines(source) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			line = strings.ReplaceAll(line, delimiter, delimiter+` "`+delimiter+`" }}`)
		}
		out.WriteString(line)
	}
	return out.String()
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
