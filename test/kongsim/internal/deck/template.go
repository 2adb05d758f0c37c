package deck

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/template"
)

// expand replaces decK's `${{ env "DECK_NAME" }}`, with its conversions toBool,
// toInt and toFloat. Only names that start with DECK_ may be read, and one
// that is not set is an error, as in decK.
func expand(source []byte) ([]byte, error) {
	t, err := template.New("config").Delims("${{", "}}").Funcs(template.FuncMap{
		"env":     environment,
		"toBool":  strconv.ParseBool,
		"toInt":   strconv.Atoi,
		"toFloat": func(s string) (float64, error) { return strconv.ParseFloat(s, 64) },
	}).Parse(string(source))
	if err != nil {
		return nil, fmt.Errorf("environment references: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, nil); err != nil {
		return nil, fmt.Errorf("environment references: %w", err)
	}
	return out.Bytes(), nil
}

func environment(name string) (string, error) {
	if !strings.HasPrefix(name, "DECK_") {
		return "", fmt.Errorf("variable %s: its name must start with DECK_", name)
	}
	value, ok := os.LookupEnv(name)
	if !ok {
		return "", fmt.Errorf("variable %s is not set", name)
	}
	return value, nil
}
