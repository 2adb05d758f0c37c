package kongsim

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"

	"tollgate/test/kongsim/internal/deck"
	"tollgate/test/kongsim/internal/nginx"
)

// accessLog writes what Kong's log plugins would be given, one line a request.
type accessLog struct {
	mu  sync.Mutex
	out io.Writer
}

func (l *accessLog) write(entry map[string]any) error {
	line, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err = l.out.Write(append(line, '\n'))
	return err
}

func (x *exchange) writeAccessLog() {
	entry := x.logEntry()
	for _, s := range x.serialize {
		if err := s.place(entry); err != nil {
			x.log("err", "core", err.Error())
		}
	}
	if err := x.gateway.access.write(entry); err != nil {
		x.log("err", "core", "writing access log: "+err.Error())
	}
}

// logEntry is kong.log.serialize, its main members.
func (x *exchange) logEntry() map[string]any {
	entry := map[string]any{
		"request":         x.logRequest(),
		"response":        map[string]any{"status": x.status, "headers": lowered(x.response)},
		"latencies":       x.logLatencies(),
		"upstream_uri":    x.upstreamURI(),
		"upstream_status": "",
		"client_ip":       x.client.Addr().String(),
		"started_at":      x.started.UnixMilli(),
		"source":          "kong",
		"workspace":       deck.WorkspaceID,
		"workspace_name":  "default",
	}
	if x.upstreamStatus != 0 {
		entry["upstream_status"] = fmt.Sprint(x.upstreamStatus)
		entry["source"] = "upstream"
	}
	if r := x.route(); r != nil {
		entry["route"] = logRoute(r)
	}
	if s := x.service(); s != nil {
		entry["service"] = logService(s)
	}
	if x.consumer != nil {
		entry["consumer"] = x.consumer.entity()
	}
	if x.credential != nil {
		entry["authenticated_entity"] = x.credential.entity()
	}
	return entry
}

func (x *exchange) logRequest() map[string]any {
	headers := x.headers.Table(nginx.MaxHeaders)
	// Nothing else is redacted: an API key stands in the log.
	for _, secret := range []string{"authorization", "proxy-authorization"} {
		if headers[secret] != nil {
			headers[secret] = "REDACTED"
		}
	}
	return map[string]any{
		"id":          x.id,
		"uri":         x.in.RequestURI,
		"url":         fmt.Sprintf("http://%s:%d%s", x.host(), x.gateway.port, x.in.RequestURI),
		"method":      x.method,
		"querystring": nginx.DecodeArgs(x.query, nginx.MaxArgs),
		"headers":     headers,
		"size":        x.requestSize(),
	}
}

// requestSize is $request_length as far as it can be told from a parsed
// request: what stood on the wire, in its usual form.
func (x *exchange) requestSize() int64 {
	size := int64(len(x.in.Method) + len(x.in.RequestURI) + len(x.in.Proto) + len("  \r\n\r\n"))
	for name, values := range x.in.Header {
		for _, value := range values {
			size += int64(len(name) + len(value) + len(": \r\n"))
		}
	}
	return size + int64(len("Host: \r\n")+len(x.in.Host)) + max(x.in.ContentLength, 0)
}

// logLatencies has -1 for an upstream that was not waited for.
func (x *exchange) logLatencies() map[string]any {
	waiting := x.timing.waiting
	if x.upstreamStatus == 0 {
		waiting = -1
	}
	return map[string]any{
		"kong": x.timing.kong, "proxy": waiting, "receive": x.timing.receive, "request": x.sinceStart(),
	}
}

func (x *exchange) upstreamURI() string {
	if x.upstream.path != "" && x.query != "" {
		return x.upstream.path + "?" + x.query
	}
	return x.upstream.path
}

// lowered is ngx.resp.get_headers: one value as a string, several as a list.
func lowered(headers map[string][]string) map[string]any {
	out := make(map[string]any, len(headers))
	for name, values := range headers {
		if len(values) == 1 {
			out[strings.ToLower(name)] = values[0]
		} else {
			out[strings.ToLower(name)] = values
		}
	}
	return out
}

func logRoute(r *deck.Route) map[string]any {
	entry := map[string]any{
		"id": r.ID, "name": r.Name, "protocols": r.Protocols, "strip_path": r.StripPath,
		"preserve_host": r.PreserveHost, "regex_priority": r.RegexPriority, "https_redirect_status_code": r.RedirectCode,
	}
	for name, list := range map[string][]string{"methods": r.Methods, "hosts": r.Hosts, "paths": r.Paths, "tags": r.Tags} {
		if list != nil {
			entry[name] = list
		}
	}
	if r.Service != nil {
		entry["service"] = map[string]any{"id": r.Service.ID}
	}
	return entry
}

func logService(s *deck.Service) map[string]any {
	entry := map[string]any{
		"id": s.ID, "name": s.Name, "protocol": s.Protocol, "host": s.Host, "port": s.Port, "retries": s.Retries,
		"connect_timeout": s.ConnectTimeout, "write_timeout": s.WriteTimeout, "read_timeout": s.ReadTimeout,
	}
	if s.Path != "" {
		entry["path"] = s.Path
	}
	if s.Tags != nil {
		entry["tags"] = s.Tags
	}
	return entry
}
