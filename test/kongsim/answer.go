package kongsim

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"tollgate/test/kongsim/internal/lua"
)

// serverName is what Kong would call kong/3.9.3: no response of kongsim can be
// taken for one of Kong's.
const serverName = "kongsim"

// answer is a response that the gateway itself gives.
type answer struct {
	status  int
	headers map[string][]string
	body    []byte
}

// send is the PDK's send: the answer's headers over those set before.
func (x *exchange) send(a *answer) {
	for name, values := range a.headers {
		x.setResponseHeader(name, values)
	}
	if x.response.Get("Content-Length") == "" {
		x.response.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	x.timing.kong = x.sinceStart()
	x.response.Set("X-Kong-Response-Latency", strconv.FormatInt(x.timing.kong, 10))
	x.response.Set("Server", serverName)
	x.writeHead(a.status)
	if _, err := x.out.Write(a.body); err != nil && !errors.Is(err, http.ErrBodyNotAllowed) {
		x.log("info", "core", "writing response: "+err.Error())
	}
}

// writeHead sends the status and the headers collected so far.
func (x *exchange) writeHead(status int) {
	x.response.Set("X-Kong-Request-Id", x.id)
	header := x.out.Header()
	header["Content-Type"] = nil // none unless set: nginx does not guess
	for name, values := range x.response {
		header[name] = values
	}
	if status < 200 {
		x.log("alert", "core", fmt.Sprintf("kongsim cannot send status %d: 500 instead", status))
		status = 500
	}
	x.status = status
	x.out.WriteHeader(status)
}

// setResponseHeader is ngx.header's assignment: dashes for underscores, no
// value clears.
func (x *exchange) setResponseHeader(name string, values []string) {
	name = strings.ReplaceAll(name, "_", "-")
	if strings.EqualFold(name, "transfer-encoding") {
		x.log("warn", "core", "manually setting Transfer-Encoding. Ignored.")
		return
	}
	x.response.Del(name)
	for _, value := range values {
		x.response.Add(name, value)
	}
}

// headerValues is validate_header and normalize_multi_header. What Lua takes
// for an empty table clears the header.
func headerValues(name string, value any) ([]string, error) {
	switch value := value.(type) {
	case string:
		return []string{blank(value)}, nil
	case float64, bool:
		return []string{lua.ToString(value)}, nil
	case map[string]any:
		return nil, nil // ipairs finds nothing in it
	case []any:
		return stringList(name, value)
	}
	return nil, fmt.Errorf("invalid header value for %q: got %s, expected array of string, string, number or boolean",
		name, lua.TypeName(value))
}

func stringList(name string, list []any) ([]string, error) {
	out := make([]string, len(list))
	for i, element := range list {
		text, ok := element.(string)
		if !ok {
			return nil, fmt.Errorf("invalid header value in array %q: got %s, expected string", name, lua.TypeName(element))
		}
		out[i] = blank(text)
	}
	return out, nil
}

// blank is normalize_multi_header: nginx would clear a header set to "".
func blank(value string) string {
	if value == "" {
		return " "
	}
	return value
}

// headerTable is validate_headers.
func headerTable(headers map[string]any) (map[string][]string, error) {
	out := make(map[string][]string, len(headers))
	for name, value := range headers {
		values, err := headerValues(name, value)
		if err != nil {
			return nil, err
		}
		out[name] = values
	}
	return out, nil
}
