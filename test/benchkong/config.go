package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"time"

	"github.com/goccy/go-yaml"
)

// The client of every request.
const (
	consumer = "acme"
	apiKey   = "benchkong-key-of-acme"
)

// config is Kong's, with these routes and one consumer, who has a key and tokens.
func (s *stack) config(chosen []route) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(s.Issuer.PublicKey())
	if err != nil {
		return nil, fmt.Errorf("encoding the issuer's key: %w", err)
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	var entries []members
	for _, r := range chosen {
		entries = append(entries, members{"name": r.name, "paths": []string{"/" + r.name}, "plugins": r.plugins})
	}
	return yaml.Marshal(members{
		"_format_version": "3.0",
		"services":        []members{{"name": "up", "url": `${{ env "DECK_UPSTREAM_URL" }}`, "routes": entries}},
		"consumers": []members{{
			"username": consumer, "keyauth_credentials": []members{{"key": apiKey}},
			"jwt_secrets": []members{{"key": s.Issuer.URL(), "algorithm": "RS256", "rsa_public_key": string(key)}},
		}},
	})
}

// header is what every request carries: each route takes of it what it needs.
func (s *stack) header() http.Header {
	return http.Header{"Apikey": {apiKey}, "Authorization": {"Bearer " + s.token}, "User-Agent": {"benchkong"}}
}

// awaitAll waits until each route answers as it will while it is measured.
func (s *stack) awaitAll(ctx context.Context, chosen []route) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for _, r := range chosen {
		for got := 0; got != r.want(); {
			select {
			case <-ctx.Done():
				return fmt.Errorf("route %s answers %d, want %d\n%s", r.name, got, r.want(), s.LastWords())
			case <-poll.C:
				got = s.ask(ctx, r)
			}
		}
	}
	return nil
}

// ask is the status of one answer; 0 where there is none.
func (s *stack) ask(ctx context.Context, r route) int {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/"+r.name, http.NoBody)
	if err != nil {
		return 0
	}
	request.Header = s.header()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}
