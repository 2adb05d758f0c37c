package deck

// WorkspaceID is the workspace of every entity in a declarative Kong, its
// DECLARATIVE_DEFAULT_WORKSPACE_ID.
const WorkspaceID = "0dc6f45b-8f8d-40d2-a504-473544ee190b"

// Config is a whole declarative configuration.
type Config struct {
	Services  []*Service
	Routes    []*Route
	Consumers []*Consumer
	Keys      []*Key
	Plugins   []*Plugin
}

// Service is an upstream API. Timeouts are in milliseconds.
type Service struct {
	ID, Name       string
	Protocol, Host string
	Port           int
	Path           string
	Retries        int
	ConnectTimeout int
	WriteTimeout   int
	ReadTimeout    int
	Tags           []string
}

// Route leads requests to a service, which is nil for a route without one.
type Route struct {
	ID, Name      string
	Protocols     []string
	Methods       []string
	Hosts         []string
	Paths         []string
	StripPath     bool
	PreserveHost  bool
	RegexPriority int
	RedirectCode  int // https_redirect_status_code
	Tags          []string
	Service       *Service
}

// Consumer is who calls.
type Consumer struct {
	ID, Username, CustomID string
	Tags                   []string
}

// Key is a key-auth credential.
type Key struct {
	ID, Key  string
	Consumer *Consumer
}

// Plugin is a plugin's configuration with what it is bound to; nil is
// anything.
type Plugin struct {
	ID, Name, InstanceName string
	Enabled                bool
	Config                 map[string]any // as written, defaults not applied
	Route                  *Route
	Service                *Service
	Consumer               *Consumer
	Where                  string // the place in the file, for messages
}
