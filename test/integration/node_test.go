package integration

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"sync"
	"testing"

	"tollgate/test/sandbox"
)

//go:embed testdata/protocols.yml
var protocolsTemplate []byte

// node is a second gateway on the suite's Redis, started by the first test that asks for it.
type node struct {
	once     sync.Once
	sandbox  *sandbox.Sandbox
	upstream *protocolUpstreams
	err      error
}

// secondNode counts in the same Redis as the suite's gateway, and has another number of workers. It serves
// what the other does, and on a real Kong testdata/protocols.yml, which the stand-in cannot.
func secondNode(t *testing.T) *sandbox.Sandbox {
	t.Helper()
	n := &shared.node
	n.once.Do(func() { n.err = n.start() })
	if n.err != nil {
		t.Fatal(n.err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("the second node's processes said:\n" + n.sandbox.LastWords())
		}
	})
	return n.sandbox
}

func (n *node) start() error {
	n.upstream = startProtocolUpstreams()
	s, err := sandbox.Start(context.Background(), sandbox.Options{
		Gateway: shared.gateway, Binaries: shared.binaries, Config: nodeConfig(shared.gateway),
		Environment: []string{"KONG_NGINX_WORKER_PROCESSES=3"},
		Values: map[string]string{
			"DECK_REDIS_PORT": shared.Redis.Port, "DECK_GRPC_URL": n.upstream.grpcURL(), "DECK_SOCKET_URL": n.upstream.sockets.URL,
			// One issuer for both nodes.
			"DECK_ISSUER": shared.Issuer.URL(), "DECK_JWKS_URI": shared.Issuer.JWKSURL(),
		},
	})
	n.sandbox = s
	return err
}

// close ends the node where it was started, and looks at its logs as at those of every other.
func (n *node) close() error {
	if n.upstream != nil {
		defer n.upstream.close()
	}
	if n.sandbox == nil {
		return nil
	}
	return errors.Join(shared.secrets.findIn(n.sandbox), n.sandbox.Close())
}

// nodeConfig puts the services and consumers of testdata/protocols.yml behind those of the suite.
func nodeConfig(gateway sandbox.Gateway) []byte {
	if gateway != sandbox.Kong {
		return suiteConfig
	}
	border := []byte("\nconsumers:\n")
	services, consumers, _ := bytes.Cut(suiteConfig, border)
	moreServices, moreConsumers, _ := bytes.Cut(protocolsTemplate, border)
	_, moreServices, _ = bytes.Cut(moreServices, []byte("\nservices:\n"))
	return bytes.Join([][]byte{services, []byte("\n"), moreServices, border, consumers, moreConsumers}, nil)
}
