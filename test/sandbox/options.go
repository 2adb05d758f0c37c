package sandbox

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"time"
)

// Gateway is what takes the requests.
type Gateway string

// The gateways.
const (
	KongSim Gateway = "kongsim" // the stand-in of test/kongsim
	Kong    Gateway = "kong"    // a real one, found on the PATH
)

// GatewayEnv is the environment variable that names the gateway; KongSim unless set.
const GatewayEnv = "GATEWAY"

// GatewayFromEnv reads GatewayEnv. It fails for a gateway that is not known, or not installed.
func GatewayFromEnv() (Gateway, error) {
	gateway := Gateway(cmp.Or(os.Getenv(GatewayEnv), string(KongSim)))
	switch gateway {
	case KongSim:
		return gateway, nil
	case Kong:
		if _, err := exec.LookPath("kong"); err != nil {
			return "", fmt.Errorf("%s=kong needs a kong on the PATH, and there is none", GatewayEnv)
		}
		return gateway, nil
	}
	return "", fmt.Errorf("%s must be %s or %s, got %q", GatewayEnv, KongSim, Kong, gateway)
}

// Options of a sandbox. The zero value of a field is its default.
type Options struct {
	// Gateway is KongSim by default.
	Gateway Gateway
	// Config is the gateway's configuration in decK's format, with references to the environment; the
	// repository's kong/kong.yml by default.
	Config []byte
	// Values replace what the sandbox gives the references, by name: DECK_REDIS_PORT and so on.
	Values map[string]string
	// Environment is put over that of the gateway and of the plugin server, as NAME=value.
	Environment []string
	// Binaries were built before; else the sandbox builds its own.
	Binaries *Binaries
	// UsualPorts are taken where they are free: 8000 for the gateway, and so on. Otherwise all ports
	// are any free ones.
	UsualPorts bool
	// Silent has a real Kong write no access log: writing it is a part of what a request costs.
	Silent bool
	// Patience is how long the whole may take to get ready, a minute.
	Patience time.Duration
}

// The secrets of every sandbox. They are no secrets of anybody, but logs must treat them as such.
const (
	RedisPassword = "sandbox-redis-password"
	KeyFree       = "sandbox-key-of-free-app"
	KeyStandard   = "sandbox-key-of-standard-app"
	KeyPremium    = "sandbox-key-of-premium-app"
	KeyTrial      = "sandbox-key-of-trial-app"
)

// Audience is what tokens for the sandbox's API are for.
const Audience = "https://api.example.com"

// values are what the references of a configuration stand for.
func (s *Sandbox) values() map[string]string {
	values := map[string]string{
		"DECK_UPSTREAM_URL":   s.EchoURL,
		"DECK_ISSUER":         s.Issuer.URL(),
		"DECK_JWKS_URI":       s.Issuer.JWKSURL(),
		"DECK_AUDIENCE":       Audience,
		"DECK_INSECURE_HTTP":  "true",
		"DECK_REDIS_HOST":     s.Redis.Host,
		"DECK_REDIS_PORT":     s.Redis.Port,
		"DECK_REDIS_PASSWORD": RedisPassword,
		// A laptop that builds something meanwhile is no reason to let requests pass uncounted.
		"DECK_REDIS_TIMEOUT": "1000",
		"DECK_KEY_FREE":      KeyFree,
		"DECK_KEY_STANDARD":  KeyStandard,
		"DECK_KEY_PREMIUM":   KeyPremium,
		"DECK_KEY_TRIAL":     KeyTrial,
	}
	maps.Copy(values, s.options.Values)
	return values
}
