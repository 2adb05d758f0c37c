package kongsim

import (
	"fmt"
	"strconv"
	"strings"

	"tollgate/test/kongsim/internal/nginx"
)

const (
	jsonType  = "application/json; charset=utf-8"
	htmlType  = "text/html; charset=utf-8"
	xmlType   = "application/xml; charset=utf-8"
	plainType = "text/plain; charset=utf-8"
)

// mimeTypes are Kong's, with the names that an Accept header may use.
var mimeTypes = map[string]string{
	"application/json": jsonType, "application/*": jsonType, "*/*": jsonType,
	"text/plain": plainType, "text/*": plainType,
	"text/html":       htmlType,
	"application/xml": xmlType,
}

var errorTemplates = map[string]string{
	jsonType:  "{\n  \"message\":\"%s\",\n  \"request_id\":\"%s\"\n}",
	plainType: "%s\nrequest_id: %s\n",
	xmlType:   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<error>\n  <message>%s</message>\n  <requestid>%s</requestid>\n</error>\n",
	htmlType: "<!doctype html>\n<html>\n  <head>\n    <meta charset=\"utf-8\">\n    <title>Error</title>\n  </head>\n" +
		"  <body>\n    <h1>Error</h1>\n    <p>%s.</p>\n    <p>request_id: %s</p>\n  </body>\n</html>\n",
}

var errorMessages = map[int]string{
	400: "Bad request",
	401: "Unauthorized",
	404: "Not found",
	426: "Upgrade required",
	500: "An unexpected error occurred",
	502: "An invalid response was received from the upstream server",
	503: "The upstream server is currently unavailable",
	504: "The upstream server is timing out",
}

// errorAnswer is kong.response.error: JSON unless the client asks for another
// type. An empty message means the one of the status.
func (x *exchange) errorAnswer(status int, message string, headers map[string][]string) *answer {
	accept, _ := x.headers.Get("Accept")
	return x.templated(status, message, responseType(accept), headers)
}

// nginxAnswer is Kong's error handler, which answers what nginx refused or
// what an upstream did not answer. Without an Accept header it goes by the
// request's own type, then by error_default_type, text/plain.
func (x *exchange) nginxAnswer(status int) *answer {
	accept, ok := x.headers.Get("Accept")
	if !ok {
		accept, ok = x.headers.Get("Content-Type")
	}
	if !ok {
		accept = "text/plain"
	}
	return x.templated(status, "", responseType(accept), nil)
}

// raisedAnswer is what becomes of an exception in a plugin: Kong catches it in
// the access phase, nginx in the rewrite phase.
func (x *exchange) raisedAnswer(in phase) *answer {
	if in == rewritePhase {
		return x.nginxAnswer(500)
	}
	return x.errorAnswer(500, "", nil)
}

func (x *exchange) templated(status int, message, mime string, headers map[string][]string) *answer {
	if message == "" {
		message = errorMessages[status]
	}
	if message == "" {
		message = fmt.Sprintf("The upstream server responded with %d", status)
	}
	a := &answer{status: status, headers: map[string][]string{"Content-Type": {mime}}}
	for name, values := range headers {
		a.headers[name] = values
	}
	a.body = fmt.Appendf(nil, errorTemplates[mime], message, x.id)
	return a
}

// responseType chooses from an Accept header, the first with the best quality.
func responseType(accept string) string {
	best, mime := 0.0, jsonType
	for entry := range strings.SplitSeq(accept, ",") {
		media, params, _ := strings.Cut(entry, ";")
		media = strings.ToLower(strings.TrimSpace(media))
		if !strings.Contains(media, "/") {
			continue
		}
		if q := quality(params); q > best {
			best, mime = q, jsonType
			if known, ok := mimeTypes[media]; ok {
				mime = known
			}
		}
	}
	return mime
}

func quality(params string) float64 {
	for param := range strings.SplitSeq(params, ";") {
		if value, ok := strings.CutPrefix(strings.TrimSpace(param), "q="); ok {
			if q, err := strconv.ParseFloat(value, 64); err == nil {
				return q
			}
		}
	}
	return 1
}

// refusal is nginx's answer to a request that it does not let through.
func (x *exchange) refusal() *answer {
	name, ok := x.headers.Duplicate()
	if !ok {
		return nil
	}
	x.log("info", "core", fmt.Sprintf("client sent duplicate header line: %q", name))
	x.headers = &nginx.Headers{} // nginx has stopped reading them
	return x.nginxAnswer(400)
}
