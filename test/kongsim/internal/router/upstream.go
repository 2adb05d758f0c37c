package router

import (
	"strings"

	"tollgate/test/kongsim/internal/deck"
)

// UpstreamPath joins the service's path and the request's normalized one as
// path_handling v0 does.
func (m *Match) UpstreamPath(service *deck.Service, path string) string {
	base := service.Path
	if base == "" {
		base = "/"
	}
	if !m.Route.StripPath {
		return joinKept(base, path)
	}
	prefix := m.Prefix
	if prefix == "" {
		prefix = "/" // a route without paths strips the slash only
	}
	return joinStripped(base, path, sanitize(strings.TrimPrefix(path, prefix)))
}

// sanitize keeps a dot segment that stripping laid bare from reaching the
// upstream.
func sanitize(rest string) string {
	if rest == "." || rest == ".." {
		return ""
	}
	if tail, ok := strings.CutPrefix(rest, "./"); ok {
		return tail
	}
	return strings.TrimPrefix(rest, "../")
}

func joinKept(base, path string) string {
	if strings.HasSuffix(base, "/") {
		return base + strings.TrimPrefix(path, "/")
	}
	if path == "/" {
		return base
	}
	return base + path
}

func joinStripped(base, path, rest string) string {
	trimmed := strings.TrimSuffix(base, "/")
	switch {
	case rest != "":
		return trimmed + "/" + strings.TrimPrefix(rest, "/")
	case base == "/":
		return "/"
	case strings.HasSuffix(path, "/") && (len(path) > 1 || trimmed != base):
		return trimmed + "/"
	}
	return trimmed
}
