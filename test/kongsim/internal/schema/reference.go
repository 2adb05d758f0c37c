package schema

import (
	"os"
	"regexp"
	"strings"
)

// reference is a secret in Kong's environment vault, the only vault that
// kongsim has.
var reference = regexp.MustCompile(`^\{vault://env/([A-Za-z0-9_-]+)\}$`)

// resolve replaces the references in a record's referenceable fields. Kong
// keeps what stood there under $refs, and so a plugin sees it.
func (f *filler) resolve(def *field, path string, values map[string]any) {
	refs := map[string]any{}
	for _, member := range def.Fields {
		for name, sub := range member {
			text, ok := values[name].(string)
			if !ok || !sub.Referenceable || !strings.HasPrefix(text, "{vault://") {
				continue
			}
			match := reference.FindStringSubmatch(text)
			if match == nil {
				f.complain(path+"."+name, "kongsim resolves {vault://env/NAME} only, got %q", text)
				continue
			}
			refs[name] = text
			values[name] = os.Getenv(strings.ToUpper(strings.ReplaceAll(match[1], "-", "_")))
		}
	}
	if len(refs) > 0 {
		values["$refs"] = refs
	}
}
