package declarative

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// decode reads JSON or YAML. Its errors are made of fixed words and positions, since the source may hold
// secrets: a password such as *hunter2 is an alias to YAML, whose name the parser's own message tells.
func decode(source []byte) (f file, err error) {
	if !json.Valid(source) {
		var tree map[string]any
		if err := yaml.Unmarshal(source, &tree); err != nil {
			return f, fmt.Errorf("reading yaml: %w", yamlProblem(err))
		}
		if source, err = json.Marshal(tree); err != nil {
			return f, errors.New("reading yaml: it holds what JSON cannot, such as a number that is infinite")
		}
	}
	if err := json.Unmarshal(source, &f); err != nil {
		return f, fmt.Errorf("reading the configuration: %w", jsonProblem(err))
	}
	return f, nil
}

// yamlProblem says where the parser stumbled, after references were rendered, and over what kind of mistake.
func yamlProblem(err error) error {
	const hint = "; nothing of it is shown, as it may be a secret: a value of the environment needs quotes"
	kind := "this is no YAML"
	at := yaml.Error(nil)
	located := errors.As(err, &at)
	switch {
	case errors.As(err, new(*yaml.UnexpectedNodeTypeError)), errors.As(err, new(*yaml.TypeError)):
		kind = "another kind of value belongs here"
	case located && strings.Contains(at.GetMessage(), "already defined"):
		kind = "a name stands here for the second time"
	}
	if located && at.GetToken() != nil {
		p := at.GetToken().Position
		return fmt.Errorf("line %d, column %d: %s%s", p.Line, p.Column, kind, hint)
	}
	return errors.New(kind + hint)
}

// jsonProblem names the member that is of a wrong kind. Of a number that does not fit, the kind would hold it.
func jsonProblem(err error) error {
	if errors.Is(err, errReference) {
		return errReference
	}
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		kind, _, _ := strings.Cut(wrong.Value, " ")
		return fmt.Errorf("%q must not be of the kind %s", wrong.Field, kind)
	}
	return errors.New("it is no configuration of Kong")
}
