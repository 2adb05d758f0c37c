package main

import (
	"fmt"
	"net"

	"github.com/Kong/go-pdk"
	"google.golang.org/protobuf/encoding/protowire"

	"tollgate/internal/kong"
)

// calls makes the plugin's calls as go-pdk offers them to whoever writes a plugin. Of its connection only these methods
// are used.
type calls struct {
	net.Conn
	kong    *pdk.PDK // of the event
	request *kong.Request
	reply   []byte
}

func newCalls() *calls {
	c := &calls{}
	c.request = kong.NewRequest(c)
	return c
}

// Ask answers the one question that a passing request asks.
func (c *calls) Ask(method string, _ []byte) ([]byte, error) {
	if method != "kong.client.get_consumer" {
		panic("not made by go-pdk here: " + method) // or what is measured would be another request
	}
	consumer, err := c.kong.Client.GetConsumer()
	if err != nil {
		return nil, fmt.Errorf("asking go-pdk for the consumer: %w", err)
	}
	const id, username = 1, 3 // of kong_plugin_protocol.Consumer
	c.reply = appendText(appendText(c.reply[:0], id, consumer.Id), username, consumer.Username)
	return c.reply, nil
}

func appendText(b []byte, number protowire.Number, text string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, number, protowire.BytesType), text)
}

// Send sets the headers of the response.
func (c *calls) Send(method string, args []byte) error {
	if method != "kong.response.set_headers" {
		panic("not made by go-pdk here: " + method)
	}
	headers := map[string][]string{}
	for entries := args; len(entries) > 0; {
		var entry []byte
		entry, entries = content(entries)
		name, value := content(entry)
		text, _ := content(value)
		line, _ := content(text)
		headers[string(name)] = []string{string(line)}
	}
	return c.kong.Response.SetHeaders(headers)
}

// content is that of the first field, which was encoded by our own server's code, and what follows.
func content(message []byte) (field, rest []byte) {
	_, _, tag := protowire.ConsumeTag(message)
	field, size := protowire.ConsumeBytes(message[tag:])
	return field, message[tag+size:]
}

// Ahead does nothing: go-pdk waits for each call.
func (c *calls) Ahead(string, []byte) {}
