package quota

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"tollgate/pluginserver/declarative"
)

// fromAdmin is the origin of an id that Kong has told.
const fromAdmin declarative.Origin = "admin_api"

// admin asks Kong's Admin API, which knows the ids that a database has made.
type admin struct {
	base   *url.URL
	token  string
	client *http.Client
}

// newAdmin returns an API each of whose calls takes no longer than the timeout; nil without an address.
func newAdmin(address, token string, timeout time.Duration) (*admin, error) {
	if address == "" {
		return nil, nil
	}
	base, err := url.Parse(address)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, errors.New("admin-url: must be like http://127.0.0.1:8001")
	}
	// A redirect would take the token elsewhere.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &admin{base, token, &http.Client{CheckRedirect: stay, Timeout: timeout}}, nil
}

// entity is what services, routes and consumers have in the Admin API.
type entity struct {
	ID       string   `json:"id"`
	Username string   `json:"username"`
	CustomID string   `json:"custom_id"`
	Tags     []string `json:"tags"`
}

// find asks for an entity of a kind (consumers, services, routes) by its name or id; nil where Kong has none.
func (a *admin) find(ctx context.Context, kind, name string) (*entity, error) {
	var found entity
	ok, err := a.get(ctx, a.base.JoinPath(kind, url.PathEscape(name)), &found)
	if !ok || err != nil || found.ID == "" {
		return nil, err
	}
	return &found, nil
}

// consumer asks for a consumer, by custom_id too.
func (a *admin) consumer(ctx context.Context, name string) (*entity, error) {
	found, err := a.find(ctx, "consumers", name)
	if found != nil || err != nil {
		return found, err
	}
	var page struct {
		Data []entity `json:"data"`
	}
	at := a.base.JoinPath("consumers")
	at.RawQuery = url.Values{"custom_id": {name}}.Encode()
	if _, err := a.get(ctx, at, &page); err != nil || len(page.Data) == 0 {
		return nil, err
	}
	return &page.Data[0], nil
}

func (a *admin) get(ctx context.Context, at *url.URL, into any) (ok bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return false, fmt.Errorf("asking the admin api: %w", err)
	}
	if a.token != "" {
		request.Header.Set("Kong-Admin-Token", a.token)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return false, fmt.Errorf("asking the admin api: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return false, nil
	default:
		return false, fmt.Errorf("asking the admin api: GET %s: %s", at.Redacted(), response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		return false, fmt.Errorf("asking the admin api: GET %s: %w", at.Redacted(), err)
	}
	return true, nil
}
