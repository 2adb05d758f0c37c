package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Judge asks a Kong's Admin API whether it would take an entity: kind is that of its schema, such as "plugins". It
// returns what Kong has against it, the answer's status first; "" for nothing.
func Judge(ctx context.Context, admin, kind string, entity map[string]any) (refusal string, err error) {
	body, err := json.Marshal(entity)
	if err != nil {
		return "", fmt.Errorf("writing an entity of %s: %w", kind, err)
	}
	const patience = 10 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, admin+"/schemas/"+kind+"/validate", bytes.NewReader(body))
	if err != nil {
		return "", fmt.Errorf("asking Kong: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", fmt.Errorf("asking Kong: %w", err)
	}
	says, err := io.ReadAll(answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		return "", fmt.Errorf("reading Kong's answer: %w", err)
	}
	if answer.StatusCode == http.StatusOK {
		return "", nil
	}
	return fmt.Sprintf("%d %s", answer.StatusCode, says), nil
}
