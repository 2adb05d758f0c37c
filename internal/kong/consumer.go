package kong

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// Consumer is a consumer of Kong's; its zero value stands for none.
type Consumer struct {
	ID, Username, CustomID string
	Tags                   []string
}

// Field numbers of kong_plugin_protocol.Consumer.
const (
	consumerID       protowire.Number = 1
	consumerUsername protowire.Number = 3
	consumerCustomID protowire.Number = 4
	consumerTags     protowire.Number = 5
)

// Consumer returns the consumer that the request was authenticated for.
func (r *Request) Consumer() (Consumer, error) {
	reply, err := r.question("kong.client.get_consumer", nil)
	if err != nil {
		return Consumer{}, fmt.Errorf("asking for the consumer: %w", err)
	}
	c, err := decodeConsumer(fields(reply))
	if err != nil {
		return Consumer{}, fmt.Errorf("reading the consumer: %w", err)
	}
	return c, nil
}

func decodeConsumer(message fields) (Consumer, error) {
	var c Consumer
	err := message.all(func(f field) {
		switch f.number {
		case consumerID:
			c.ID = string(f.content)
		case consumerUsername:
			c.Username = string(f.content)
		case consumerCustomID:
			c.CustomID = string(f.content)
		case consumerTags:
			c.Tags = append(c.Tags, string(f.content))
		}
	})
	return c, err
}
