package hostile

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"tollgate/pluginserver/wiretest"
)

// guardConfig has header-guard want one header, and name it where it is missing.
const guardConfig = `{"rules":[{"header":"x-tenant","match":"^[a-z]+$"}]}`

// kong answers the questions of one request that has these headers.
func kong(headers map[string]any) wiretest.Answer {
	return func(method string, _ []byte) []byte {
		switch method {
		case "kong.request.get_headers":
			s, err := structpb.NewStruct(headers)
			if err != nil {
				return nil
			}
			data, _ := proto.Marshal(s)
			return data
		case "kong.client.get_ip":
			data, _ := proto.Marshal(&pb.String{V: "192.0.2.1"})
			return data
		}
		return nil
	}
}

// judged asks header-guard about a request whose tenant is right, and about one where it is missing.
func judged(c *wiretest.Client, id int32) error {
	if _, err := c.Event(id, kong(map[string]any{"x-tenant": "acme"})); err != nil {
		return fmt.Errorf("a good request: %w", err)
	}
	exit, err := c.Event(id, kong(map[string]any{"accept": "*/*"}))
	if !errors.Is(err, wiretest.ErrExited) || exit.GetStatus() != 400 || !strings.Contains(string(exit.GetBody()), "x-tenant") {
		return fmt.Errorf("a request without a tenant: status %d, %w", exit.GetStatus(), err)
	}
	return nil
}

// kongGetsThrough opens a connection, as Kong does, and wants right answers on it.
func (v *victim) kongGetsThrough() {
	v.tb.Helper()
	c := v.dial()
	id, err := c.Start("header-guard", guardConfig)
	if err == nil {
		err = judged(c, id)
	}
	if err != nil {
		v.tb.Errorf("Kong: %v\nthe server says: %s", err, v.log.String())
	}
	_ = c.Close()
}

func TestKongGetsThroughWhereNobodyIsHostile(t *testing.T) {
	start(t, testLimits()).kongGetsThrough()
}
