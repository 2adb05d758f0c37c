package kong

import (
	"slices"
	"testing"

	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"
)

// told is a connection that answers every question alike, and keeps the arguments of the latest call.
type told struct {
	notebook
	method string
	args   []byte
	reply  []byte
}

func (c *told) Ask(method string, args []byte) ([]byte, error) {
	c.method, c.args = method, slices.Clone(args)
	return c.reply, nil
}

func (c *told) Send(method string, args []byte) error {
	_, err := c.Ask(method, args)
	return err
}

func (c *told) want(t *testing.T, method string, args, into proto.Message) {
	t.Helper()
	if err := proto.Unmarshal(c.args, into); err != nil || c.method != method || !proto.Equal(args, into) {
		t.Errorf("%s with %v (%v), want %s with %v", c.method, into, err, method, args)
	}
}

func encoded(t *testing.T, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What Kong told of a consumer it is told again, whatever the plugins know of it.
func TestAnAccountIsToldAsItWasFound(t *testing.T) {
	consumer := &pb.Consumer{Id: "c1", CreatedAt: 1700000000, Username: "acme", CustomId: "42", Tags: []string{"tier:gold", "eu"}}
	c := &told{reply: encoded(t, consumer)}
	r := NewRequest(c)
	found, err := r.LoadConsumer("acme", true)
	if err != nil || found == nil || found.ID != "c1" || found.Username != "acme" || found.CustomID != "42" || !slices.Equal(found.Tags, consumer.Tags) {
		t.Fatalf("found %+v, error %v", found, err)
	}
	c.want(t, "kong.client.load_consumer", &pb.ConsumerSpec{Id: "acme", ByUsername: true}, &pb.ConsumerSpec{})
	if err := r.Authenticate(found, Credential{ID: "app", ConsumerID: "c1"}); err != nil {
		t.Fatal(err)
	}
	c.want(t, "kong.client.authenticate", &pb.AuthenticateArgs{
		Consumer: consumer, Credential: &pb.AuthenticatedCredential{Id: "app", ConsumerId: "c1"},
	}, &pb.AuthenticateArgs{})
}

func TestAuthenticatingWithOneOfTheTwo(t *testing.T) {
	c := &told{reply: encoded(t, &pb.Consumer{Id: "c1"})}
	r := NewRequest(c)
	found, err := r.LoadConsumer("c1", false)
	if err != nil {
		t.Fatal(err)
	}
	c.want(t, "kong.client.load_consumer", &pb.ConsumerSpec{Id: "c1"}, &pb.ConsumerSpec{})
	if err := r.Authenticate(found, Credential{}); err != nil {
		t.Fatal(err)
	}
	c.want(t, "kong.client.authenticate", &pb.AuthenticateArgs{Consumer: &pb.Consumer{Id: "c1"}}, &pb.AuthenticateArgs{})
	if err := r.Authenticate(nil, Credential{ID: "app"}); err != nil {
		t.Fatal(err)
	}
	c.want(t, "kong.client.authenticate", &pb.AuthenticateArgs{Credential: &pb.AuthenticatedCredential{Id: "app"}}, &pb.AuthenticateArgs{})
}

// Kong answers with an empty consumer where it finds none.
func TestNobodyIsFound(t *testing.T) {
	if found, err := NewRequest(&told{}).LoadConsumer("nobody", true); found != nil || err != nil {
		t.Errorf("found %+v, error %v", found, err)
	}
}

func TestAConsumerThatCannotBeReadIsAnError(t *testing.T) {
	if found, err := NewRequest(&told{reply: []byte{0xff}}).LoadConsumer("acme", true); err == nil {
		t.Errorf("found %+v", found)
	}
}

func TestClearUpstreamHeader(t *testing.T) {
	c := &told{}
	if err := NewRequest(c).ClearUpstreamHeader("X-Consumer-ID"); err != nil {
		t.Fatal(err)
	}
	c.want(t, "kong.service.request.clear_header", &pb.String{V: "X-Consumer-ID"}, &pb.String{})
}
