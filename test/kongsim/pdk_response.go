package kongsim

import (
	"fmt"
	"strings"

	protocol "github.com/Kong/go-pdk/server/kong_plugin_protocol"

	"tollgate/test/kongsim/internal/lua"
)

func responseMethods() map[string]method {
	return map[string]method{
		"kong.response.exit":         takes(answerPhases, exit),
		"kong.response.set_status":   takes(answerPhases, setStatus),
		"kong.response.set_header":   withPair(answerPhases, setResponseHeader),
		"kong.response.add_header":   withPair(answerPhases, addResponseHeader),
		"kong.response.set_headers":  withTable(answerPhases, setResponseHeaders),
		"kong.response.clear_header": withText(answerPhases, clearResponseHeader),

		"kong.response.get_status":  notPlayed(headerBodyLog),
		"kong.response.get_header":  notPlayed(headerBodyLog),
		"kong.response.get_headers": notPlayed(headerBodyLog),
		"kong.response.get_source":  notPlayed(headerBodyLog),

		"kong.service.response.get_status":   notPlayed(upstreamResponse),
		"kong.service.response.get_header":   notPlayed(upstreamResponse),
		"kong.service.response.get_headers":  notPlayed(upstreamResponse),
		"kong.service.response.get_raw_body": notPlayed(responsePhase | bodyFilterPhase | logPhase),
	}
}

// exit decides the answer and is never answered itself.
func exit(e *event, arg *protocol.ExitArgs) ([]byte, error) {
	if err := checkStatus(arg.GetStatus()); err != nil {
		return nil, err
	}
	headers, err := headerTable(lua.FromStruct(arg.GetHeaders()))
	if err != nil {
		return nil, err
	}
	e.x.decide(&answer{status: int(arg.GetStatus()), headers: headers, body: arg.GetBody()})
	return nil, errExited
}

// setStatus has no effect that a client sees: whatever answers the request
// sets its own status.
func setStatus(_ *event, arg *protocol.Int) ([]byte, error) {
	return nil, checkStatus(arg.GetV())
}

func checkStatus(status int32) error {
	if status < 100 || status > 599 {
		return fmt.Errorf("code must be a number between 100 and 599")
	}
	return nil
}

func setResponseHeader(x *exchange, name string, value any) error {
	values, err := headerValues(name, value)
	if err == nil {
		x.setResponseHeader(name, values)
	}
	return err
}

func addResponseHeader(x *exchange, name string, value any) error {
	values, err := headerValues(name, value)
	if err != nil {
		return err
	}
	for _, v := range values {
		x.response.Add(strings.ReplaceAll(name, "_", "-"), v)
	}
	return nil
}

func setResponseHeaders(x *exchange, table map[string]any) error {
	headers, err := headerTable(table)
	if err != nil {
		return err
	}
	for name, values := range headers {
		x.setResponseHeader(name, values)
	}
	return nil
}

func clearResponseHeader(x *exchange, name string) ([]byte, error) {
	x.response.Del(strings.ReplaceAll(name, "_", "-"))
	return nil, nil
}
