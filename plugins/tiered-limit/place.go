package tieredlimit

import (
	"fmt"

	"tollgate/internal/kong"
)

// Where a count holds, as the option scope names it.
const (
	scopeConsumer = "consumer"
	scopeService  = "service"
	scopeRoute    = "route"
)

// noPlace stands in a key for the service of a route that has none.
const noPlace = "-"

// expectPlace is for placeOf.
func expectPlace(r *kong.Request, scope string) {
	switch {
	case scope == scopeService && r.Scope.ServiceID == "":
		r.ExpectService()
	case scope == scopeRoute && r.Scope.RouteID == "":
		r.ExpectRoute()
	}
}

// placeOf is the id of the service or the route that the count is for. It is known without asking Kong
// where the instance is bound to one.
func placeOf(r *kong.Request, scope string) (id string, err error) {
	switch scope {
	case scopeService:
		if id = r.Scope.ServiceID; id == "" {
			id, err = askService(r)
		}
	case scopeRoute:
		if id = r.Scope.RouteID; id == "" {
			id, err = askRoute(r)
		}
	}
	if id == "" {
		id = noPlace
	}
	return id, err
}

func askService(r *kong.Request) (string, error) {
	service, err := r.Router.GetService()
	if err != nil {
		return "", fmt.Errorf("asking for the service: %w", err)
	}
	return service.Id, nil
}

func askRoute(r *kong.Request) (string, error) {
	route, err := r.Router.GetRoute()
	if err != nil {
		return "", fmt.Errorf("asking for the route: %w", err)
	}
	return route.Id, nil
}
