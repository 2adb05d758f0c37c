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

// Field numbers of ConsumerSpec, AuthenticatedCredential and AuthenticateArgs.
const (
	specID               protowire.Number = 1
	specByUsername       protowire.Number = 2
	credentialID         protowire.Number = 1
	credentialConsumerID protowire.Number = 2
	authConsumer         protowire.Number = 1
	authCredential       protowire.Number = 2
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
	for len(message) > 0 {
		f, err := message.next()
		if err != nil {
			return Consumer{}, err
		}
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
	}
	return c, nil
}

// Account is a consumer as Kong told of it.
type Account struct {
	Consumer
	encoded fields // what Kong said, and is told again: there is more in it than in Consumer
}

// LoadConsumer looks a consumer up by its id, and by its username too where that is said; nil where there is none. Kong
// ends the event where it is asked by id alone for what has not the form of one.
func (r *Request) LoadConsumer(name string, byUsername bool) (*Account, error) {
	r.args = appendText(r.args[:0], specID, name)
	if byUsername {
		r.args = appendInt(r.args, specByUsername, 1)
	}
	reply, err := r.question("kong.client.load_consumer", r.args)
	if err != nil {
		return nil, fmt.Errorf("looking for a consumer: %w", err)
	}
	a := &Account{encoded: fields(reply)}
	if a.Consumer, err = decodeConsumer(a.encoded); err != nil {
		return nil, fmt.Errorf("reading the consumer: %w", err)
	}
	if a.ID == "" {
		return nil, nil
	}
	return a, nil
}

// Credential is what a client has authenticated with; its zero value stands for none.
type Credential struct{ ID, ConsumerID string }

// Authenticate tells Kong and the plugins that run later who makes the request: a consumer that LoadConsumer found, or
// nil for none, and a credential. There must be one of the two.
func (r *Request) Authenticate(a *Account, credential Credential) error {
	b := r.args[:0]
	if a != nil {
		b = appendText(b, authConsumer, string(a.encoded))
	}
	if credential != (Credential{}) {
		b, _ = appendNested(b, authCredential, func(b []byte) ([]byte, error) {
			return appendText(appendText(b, credentialID, credential.ID), credentialConsumerID, credential.ConsumerID), nil
		})
	}
	r.args = b
	return r.send("kong.client.authenticate")
}
