package headerguard

import "tollgate/internal/plugin"

// Priority lets the plugin run before every authentication plugin, and after cors (2000), whose
// preflights hold no credentials, and bot-detection (2500).
const Priority = 1990

// New returns the plugin.
func New(deps plugin.Deps) plugin.Plugin {
	counters := newMetrics(deps.Metrics)
	return plugin.Plugin{
		Name:     Name,
		Version:  "0.1.0",
		Priority: Priority,
		Schema:   Schema(),
		Build: func(config []byte) (plugin.Handler, error) {
			cfg, err := plugin.Decode[Config](Schema(), config)
			if err != nil {
				return nil, err
			}
			return &handler{guard: NewGuard(cfg), mode: cfg.Mode, metrics: counters, log: deps.Log}, nil
		},
		Close: func() {},
	}
}
