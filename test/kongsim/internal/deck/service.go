package deck

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	defaultTimeout = 60000
	defaultRetries = 5
)

func (p *parser) service(n *node) {
	s := &Service{
		Name:           n.text("name", ""),
		Retries:        n.integer("retries", defaultRetries),
		ConnectTimeout: n.integer("connect_timeout", defaultTimeout),
		WriteTimeout:   n.integer("write_timeout", defaultTimeout),
		ReadTimeout:    n.integer("read_timeout", defaultTimeout),
		Tags:           n.texts("tags"),
	}
	s.ID = p.id(n, "services", s.Name, n.unnamed(s.Name))
	serviceAddress(n, s)
	p.config.Services = append(p.config.Services, s)
	for _, child := range n.children("routes") {
		p.route(child, s)
	}
	for _, child := range n.children("plugins") {
		p.plugin(child, scope{service: s})
	}
	if !n.boolean("enabled", true) {
		n.complain("enabled", "kongsim knows no disabled services")
	}
	n.refuseRest()
}

// serviceAddress takes the parts, or the url that is short for them.
func serviceAddress(n *node, s *Service) {
	s.Protocol = n.text("protocol", "http")
	s.Host = n.text("host", "")
	s.Port = n.integer("port", defaultPort("http")) // 80 for https too: so is Kong's default
	s.Path = n.text("path", "")
	if short := n.text("url", ""); short != "" {
		shortAddress(n, s, short)
	}
	if s.Protocol != "http" && s.Protocol != "https" {
		n.complain("protocol", "kongsim speaks http and https, got %q", s.Protocol)
	}
	if s.Host == "" {
		n.complain("host", "required field missing")
	}
	if s.Path != "" && !strings.HasPrefix(s.Path, "/") {
		n.complain("path", "must start with /, got %q", s.Path)
	}
}

func shortAddress(n *node, s *Service, short string) {
	u, err := url.Parse(short)
	if err != nil {
		n.complain("url", "%v", err)
		return
	}
	s.Protocol, s.Host, s.Path = u.Scheme, u.Hostname(), u.Path
	s.Port = defaultPort(s.Protocol)
	if port, err := strconv.Atoi(u.Port()); err == nil {
		s.Port = port
	}
}

// defaultPort is the port of a url that names none.
func defaultPort(protocol string) int {
	if protocol == "https" {
		return 443
	}
	return 80
}

func (p *parser) route(n *node, s *Service) {
	r := &Route{
		Name:          n.text("name", ""),
		Protocols:     n.texts("protocols", "http", "https"),
		Methods:       n.texts("methods"),
		Hosts:         n.texts("hosts"),
		Paths:         n.texts("paths"),
		StripPath:     n.boolean("strip_path", true),
		PreserveHost:  n.boolean("preserve_host", false),
		RegexPriority: n.integer("regex_priority", 0),
		RedirectCode:  n.integer("https_redirect_status_code", 426),
		Tags:          n.texts("tags"),
		Service:       s,
	}
	r.ID = p.id(n, "routes", r.Name, n.unnamed(r.Name))
	checkRoute(n, r)
	p.config.Routes = append(p.config.Routes, r)
	if s == nil {
		p.bindService(n, func(s *Service) { r.Service = s })
	}
	for _, child := range n.children("plugins") {
		p.plugin(child, scope{route: r})
	}
	n.text("path_handling", "v0")
	n.boolean("request_buffering", true)
	n.boolean("response_buffering", true)
	n.refuseRest()
}

// unnamed tells entities without a name apart by their place in the file.
func (n *node) unnamed(name string) string {
	if name != "" {
		return ""
	}
	return n.path
}

func checkRoute(n *node, r *Route) {
	if len(r.Methods)+len(r.Hosts)+len(r.Paths) == 0 {
		n.complain("", "must set one of methods, hosts, paths")
	}
	for i, path := range r.Paths {
		if !strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "~/") {
			n.complain("paths["+strconv.Itoa(i)+"]", "should start with: / (fixed path) or ~/ (regex path), got %q", path)
		}
	}
	for _, protocol := range r.Protocols {
		if !slices.Contains([]string{"http", "https"}, protocol) {
			n.complain("protocols", "kongsim speaks http and https, got %q", protocol)
		}
	}
	if n.has("path_handling") && n.members["path_handling"] != "v0" {
		n.complain("path_handling", "kongsim knows v0 only")
	}
}
