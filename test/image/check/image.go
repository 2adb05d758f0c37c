package check

import (
	"context"
	"encoding/json"
	"fmt"
)

// config is what an image says of itself.
type config struct {
	User, StopSignal     string
	Env, Entrypoint, Cmd []string
	Labels               map[string]string
	Healthcheck          struct{ Test []string }
}

// inspect reads an image's configuration.
func (s store) inspect(ctx context.Context, image string) (config, error) {
	out, err := s.buildah(ctx, "inspect", "--type", "image", image)
	if err != nil {
		return config{}, err
	}
	var document struct {
		Docker struct {
			Config config `json:"config"`
		}
	}
	if err := json.Unmarshal([]byte(out), &document); err != nil {
		return config{}, fmt.Errorf("reading the configuration of %s: %w", image, err)
	}
	return document.Docker.Config, nil
}
