package kongsim

import (
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"tollgate/test/kongsim/internal/nginx"
)

// upstream is where the request goes; plugins may change it.
type upstream struct {
	scheme string
	host   string
	port   int
	path   string // escaped
	header string // the Host header, "" for the service's own

	// Made before plugins run, so that none of them has a hand in it.
	own     map[string]string // the headers that Kong sets
	dropped []string          // those named by the client's Connection header
}

func (x *exchange) newUpstream() upstream {
	service := x.service()
	if service == nil {
		return upstream{}
	}
	u := upstream{
		scheme: service.Protocol,
		host:   service.Host,
		port:   service.Port,
		path:   nginx.EscapePath(x.match.UpstreamPath(service, x.normalPath())),
		own:    x.kongHeaders(),
	}
	connection, _ := x.headers.Get("Connection")
	u.dropped = listed(connection)
	if x.route().PreserveHost {
		u.header = x.in.Host
	}
	return u
}

// hostHeader names the port unless it is the scheme's.
func (u upstream) hostHeader() string {
	if u.header != "" {
		return u.header
	}
	if u.scheme == "http" && u.port == 80 || u.scheme == "https" && u.port == 443 {
		return u.host
	}
	return net.JoinHostPort(u.host, strconv.Itoa(u.port))
}

// hopByHop are the headers that concern one connection only, and those which
// nginx's proxy module sets itself.
var hopByHop = []string{
	"connection", "content-length", "expect", "host", "keep-alive", "proxy", "proxy-connection",
	"te", "trailer", "transfer-encoding", "upgrade",
}

// upstreamHeaders are the client's as plugins have left them, with Kong's own.
func (x *exchange) upstreamHeaders() http.Header {
	dropped := slices.Concat(x.upstream.dropped, hopByHop)
	out := http.Header{"User-Agent": nil} // Go would add its own
	for _, f := range x.headers.Fields() {
		if !slices.Contains(dropped, strings.ToLower(f.Name)) {
			out[f.Name] = append(out[f.Name], f.Value)
		}
	}
	for name, value := range x.upstream.own {
		out.Del(name)
		if value != "" {
			out.Set(name, value)
		}
	}
	return out
}

func (x *exchange) kongHeaders() map[string]string {
	return map[string]string{
		"Via":                x.via(),
		"X-Forwarded-For":    x.forwardedFor(),
		"X-Forwarded-Host":   x.forwarded("X-Forwarded-Host", x.host()),
		"X-Forwarded-Path":   x.forwarded("X-Forwarded-Path", x.path()),
		"X-Forwarded-Port":   x.forwarded("X-Forwarded-Port", strconv.Itoa(x.gateway.port)),
		"X-Forwarded-Prefix": x.forwarded("X-Forwarded-Prefix", x.strippedPrefix()),
		"X-Forwarded-Proto":  x.forwarded("X-Forwarded-Proto", "http"),
		"X-Kong-Request-Id":  x.id,
		"X-Real-Ip":          x.client.Addr().String(),
		"Te":                 x.trailers(),
	}
}

// forwardedFor appends the peer to what came, whoever sent it.
func (x *exchange) forwardedFor() string {
	table := x.headers.Table(nginx.MaxHeaders)
	if before, ok := nginx.Lookup(table, "x_forwarded_for"); ok {
		return before + ", " + x.peer.Addr().String()
	}
	return x.client.Addr().String()
}

func (x *exchange) strippedPrefix() string {
	if x.match.Prefix == "/" {
		return ""
	}
	return x.match.Prefix
}

func (x *exchange) via() string {
	own := strconv.FormatFloat(x.httpVersion(), 'g', -1, 64) + " " + serverName
	if before, ok := x.headers.Get("Via"); ok {
		return before + ", " + own
	}
	return own
}

// trailers lets the only TE through that means something to an upstream.
func (x *exchange) trailers() string {
	te, _ := x.headers.Get("TE")
	if slices.Contains(listed(te), "trailers") {
		return "trailers"
	}
	return ""
}

func (x *exchange) httpVersion() float64 {
	return float64(x.in.ProtoMajor) + float64(x.in.ProtoMinor)/10
}

// listed splits a comma-separated header into lower-case words.
func listed(header string) []string {
	var words []string
	for word := range strings.SplitSeq(strings.ToLower(header), ",") {
		if word = strings.TrimSpace(word); word != "" {
			words = append(words, word)
		}
	}
	return words
}
