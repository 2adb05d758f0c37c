package quota

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// vaultEnv is a reference to Kong's environment vault without a prefix (kong/vaults/env): the one that
// another process can read.
var vaultEnv = regexp.MustCompile(`^\{vault://env/([A-Za-z0-9_-]+)\}$`)

// resolve replaces the vault references in a record. Its error names fields, and never a value.
func resolve(where string, record map[string]any, lookup func(string) (string, bool)) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(record)) {
		text, _ := record[name].(string)
		if !strings.HasPrefix(text, "{vault://") {
			continue
		}
		value, err := resolved(text, lookup)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s.%s: %w", where, name, err))
		}
		record[name] = value
	}
	return errors.Join(errs...)
}

func resolved(reference string, lookup func(string) (string, bool)) (string, error) {
	match := vaultEnv.FindStringSubmatch(reference)
	if match == nil {
		return "", errors.New("only a reference {vault://env/NAME} can be read here; of a password, " +
			passwordVariable + " or --redis-password-file can take the place")
	}
	variable := strings.ToUpper(strings.ReplaceAll(match[1], "-", "_"))
	value, ok := lookup(variable)
	if !ok {
		return "", fmt.Errorf("the environment has no %s, which the reference names", variable)
	}
	return value, nil
}
