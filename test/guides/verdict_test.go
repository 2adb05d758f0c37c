package guides

import (
	"fmt"
	"maps"
	"testing"

	"github.com/goccy/go-yaml"

	"tollgate/test/deploy"
	"tollgate/test/sandbox"
)

// anyConsumer stands for the one that a credential is of: Kong's schema wants its id, and does not look for it.
const anyConsumer = "11111111-2222-4333-8444-555555555555"

// judgeShown asks a real Kong about a configuration's plugins and credentials, whoever wrote them.
func (r *room) judgeShown(t *testing.T, where string, text []byte) {
	t.Helper()
	if r.gateway != sandbox.Kong {
		return
	}
	var document any
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	for _, entry := range deploy.Entries(document) {
		if entry.Config == nil {
			entry.Config = map[string]any{}
		}
		r.judge(t, where, "plugins", map[string]any{"name": entry.Name, "config": entry.Config})
	}
	for _, credential := range credentialsIn(document) {
		r.judge(t, where, credential.kind, credential.fields)
	}
}

func (r *room) judge(t *testing.T, where, kind string, entity map[string]any) {
	t.Helper()
	refusal, err := deploy.Judge(t.Context(), r.AdminURL, kind, entity)
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	if refusal != "" {
		t.Errorf("%s: Kong refuses what is shown of %s: %s", where, kind, refusal)
	}
}

// credential is one of a consumer's, by the name of Kong's entity.
type credential struct {
	kind   string
	fields map[string]any
}

// credentialsIn finds those of all consumers.
func credentialsIn(document any) (found []credential) {
	whole, _ := document.(map[string]any)
	consumers, _ := whole["consumers"].([]any)
	for _, each := range consumers {
		consumer, _ := each.(map[string]any)
		for _, kind := range []string{"keyauth_credentials", "jwt_secrets"} {
			list, _ := consumer[kind].([]any)
			for _, item := range list {
				fields := map[string]any{"consumer": map[string]any{"id": anyConsumer}}
				object, _ := item.(map[string]any)
				maps.Copy(fields, object)
				found = append(found, credential{kind, fields})
			}
		}
	}
	return found
}

func TestCredentialsAreFoundWithTheirConsumer(t *testing.T) {
	got := credentialsIn(map[string]any{"consumers": []any{
		map[string]any{"username": "a", "jwt_secrets": []any{map[string]any{"key": "k"}}},
		map[string]any{"username": "b", "keyauth_credentials": []any{map[string]any{"key": "l"}, map[string]any{"key": "m"}}},
	}})
	want := "[{jwt_secrets map[consumer:map[id:" + anyConsumer + "] key:k]}" +
		" {keyauth_credentials map[consumer:map[id:" + anyConsumer + "] key:l]}" +
		" {keyauth_credentials map[consumer:map[id:" + anyConsumer + "] key:m]}]"
	if fmt.Sprint(got) != want {
		t.Errorf("found %v, want %s", got, want)
	}
}
