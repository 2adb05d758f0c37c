package kongsim

import (
	"fmt"

	"tollgate/test/kongsim/internal/nginx"
	"tollgate/test/kongsim/internal/schema"
)

const (
	keyAuthName     = "key-auth"
	keyAuthPriority = 1250
)

// keyAuthSchema is the part of key-auth's schema that kongsim plays.
const keyAuthSchema = `{"fields": [{"config": {"type": "record", "fields": [
	{"key_names": {"type": "array", "required": true, "elements": {"type": "string"}, "default": ["apikey"]}},
	{"hide_credentials": {"type": "boolean", "required": true, "default": false}},
	{"anonymous": {"type": "string"}},
	{"key_in_header": {"type": "boolean", "required": true, "default": true}},
	{"key_in_query": {"type": "boolean", "required": true, "default": true}},
	{"run_on_preflight": {"type": "boolean", "required": true, "default": true}},
	{"realm": {"type": "string"}}
]}}]}`

func newKeyAuth() *plugin {
	parsed, err := schema.Parse([]byte(keyAuthSchema))
	if err != nil {
		panic(err) // the constant above
	}
	return &plugin{
		name: keyAuthName, priority: keyAuthPriority, phases: []string{accessPhase.String()},
		schema: parsed, builtin: keyAuth,
	}
}

// keyAuth is the bundled plugin's access handler, as far as its keys come in
// headers and query.
func keyAuth(x *exchange, c *pluginConfig) *answer {
	if c.values["run_on_preflight"] != true && x.method == "OPTIONS" {
		return nil
	}
	anonymous, _ := c.values["anonymous"].(string)
	if anonymous != "" && x.credential != nil {
		return nil // another plugin has authenticated
	}
	refusal := authenticate(x, c.values)
	if refusal == "" {
		return nil
	}
	if anonymous != "" {
		return beAnonymous(x, anonymous)
	}
	challenge := "Key"
	if realm, ok := c.values["realm"].(string); ok {
		challenge = fmt.Sprintf("Key realm=%q", realm)
	}
	return x.errorAnswer(401, refusal, map[string][]string{"WWW-Authenticate": {challenge}})
}

// beAnonymous fails as Kong does when that consumer does not exist.
func beAnonymous(x *exchange, name string) *answer {
	found := x.loadConsumer(name, true)
	if found == nil {
		x.log("err", keyAuthName, "either credential or consumer must be provided")
		return x.raisedAnswer(accessPhase)
	}
	x.setConsumer(found, nil)
	return nil
}

// authenticate returns why the request is refused, "" if it is not.
func authenticate(x *exchange, conf map[string]any) string {
	name, value := findKey(x, conf)
	if _, several := value.([]any); several {
		return "Duplicate API key found"
	}
	key, _ := value.(string)
	if key != "" && conf["hide_credentials"] == true {
		x.query = nginx.RemoveArg(x.query, name)
		x.headers.Clear(name)
	}
	if key == "" {
		return "No API key found in request"
	}
	found := x.snapshot.keys[key]
	if found == nil {
		return "Unauthorized"
	}
	x.setConsumer(x.gateway.newConsumer(found.Consumer), &credential{ID: found.ID})
	return ""
}

// findKey looks in headers, then in the query, for one name after the other.
func findKey(x *exchange, conf map[string]any) (name string, value any) {
	names, _ := conf["key_names"].([]any)
	headers, args := x.headers.Table(nginx.MaxHeaders), nginx.DecodeArgs(x.query, nginx.MaxArgs)
	for _, n := range names {
		name, _ = n.(string)
		if conf["key_in_header"] == true {
			value = nginx.Entry(headers, name)
		}
		if value == nil && conf["key_in_query"] == true {
			value = args[name]
		}
		switch value.(type) {
		case string, []any:
			return name, value
		}
		value = nil // an argument without a value is no key
	}
	return "", nil
}

// setConsumer tells the plugins that follow and the upstream who calls.
func (x *exchange) setConsumer(c *consumer, by *credential) {
	x.consumer, x.credential = c, by
	identity := map[string]string{"X-Consumer-ID": "", "X-Consumer-Custom-ID": "", "X-Consumer-Username": ""}
	if c != nil {
		identity["X-Consumer-ID"] = c.ID
		identity["X-Consumer-Custom-ID"] = c.CustomID
		identity["X-Consumer-Username"] = c.Username
	}
	identity["X-Credential-Identifier"], identity["X-Anonymous-Consumer"] = "", "true"
	if by != nil {
		identity["X-Credential-Identifier"], identity["X-Anonymous-Consumer"] = by.ID, ""
	}
	for name, value := range identity {
		if value == "" {
			x.headers.Clear(name)
		} else {
			x.headers.Set(name, value)
		}
	}
}
