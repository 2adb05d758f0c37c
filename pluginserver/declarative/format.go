package declarative

import (
	"encoding/json"
	"errors"
)

// What follows is the format, as far as it is read.

type file struct {
	Services      []service                             `json:"services"`
	Routes        []route                               `json:"routes"`
	Consumers     []consumer                            `json:"consumers"`
	Groups        []group                               `json:"consumer_groups"`
	Plugins       []instance                            `json:"plugins"`
	PluginConfigs map[string]map[string]json.RawMessage `json:"_plugin_configs"`
	credentials
}

type service struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Routes  []route    `json:"routes"`
	Plugins []instance `json:"plugins"`
}

type route struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Service reference  `json:"service"`
	Plugins []instance `json:"plugins"`
}

type consumer struct {
	ID       string     `json:"id"`
	Username string     `json:"username"`
	CustomID string     `json:"custom_id"`
	Tags     []string   `json:"tags"`
	Plugins  []instance `json:"plugins"`
	credentials
}

// credentials are those of the plugins that Kong brings.
type credentials struct {
	Key    []credential `json:"keyauth_credentials"`
	Basic  []credential `json:"basicauth_credentials"`
	JWT    []credential `json:"jwt_secrets"`
	OAuth2 []credential `json:"oauth2_credentials"`
	HMAC   []credential `json:"hmacauth_credentials"`
	MTLS   []credential `json:"mtls_auth_credentials"`
}

type credential struct {
	ID       string    `json:"id"`
	Consumer reference `json:"consumer"`
}

// instance is a plugin. Its config may rest on one of _plugin_configs, which is decK's own.
type instance struct {
	ID           string                     `json:"id"`
	Name         string                     `json:"name"`
	InstanceName string                     `json:"instance_name"`
	Enabled      *bool                      `json:"enabled"`
	Config       map[string]json.RawMessage `json:"config"`
	ConfigSource string                     `json:"_config"`
	Service      reference                  `json:"service"`
	Route        reference                  `json:"route"`
	Consumer     reference                  `json:"consumer"`
	Group        reference                  `json:"consumer_group"`
}

// group is a consumer group, which only Kong Enterprise has.
type group struct {
	Plugins []instance `json:"plugins"`
}

// errReference is of a reference that cannot be read.
var errReference = errors.New("a reference must be a name, an id, or an object with one of them")

// reference names another entity: a text, or an object with its id, name or username.
type reference string

func (r *reference) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, (*string)(r)); err == nil {
		return nil
	}
	var object struct{ ID, Name, Username string }
	if err := json.Unmarshal(data, &object); err != nil {
		return errReference
	}
	for _, named := range []string{object.ID, object.Name, object.Username} {
		if named != "" {
			*r = reference(named)
			break
		}
	}
	return nil
}
