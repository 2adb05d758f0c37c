package server

import (
	"context"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"tollgate/internal/httpheader"
	"tollgate/internal/kong"
)

// A connection that waits for the next event keeps no copy of what Kong has told of the request before: tokens are among it.
// What stays is in its buffers for frames, of 64 KB at most, until the next one is read into them.
func TestARequestsHeadersAreGivenUpWithTheEvent(t *testing.T) {
	reply, err := proto.Marshal(&structpb.Struct{Fields: map[string]*structpb.Value{"authorization": structpb.NewStringValue("Bearer s3cret")}})
	if err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]func(*kong.Request){
		"a request that passes":  func(*kong.Request) {},
		"a handler that panics":  func(*kong.Request) { panic("boom") },
		"a request that is over": func(r *kong.Request) { r.Exit(429, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			var before httpheader.List
			r := start(t, func(_ context.Context, k *kong.Request) {
				before, _ = k.Headers()
				end(k)
			})
			c := r.dial()
			id := r.instance(c, `{}`)
			_, _ = c.Event(id, func(string, []byte) []byte { return reply })
			r.stop() // the event has ended then
			if len(before) != 1 || before[0].Name != "" || before[0].Lines != nil {
				t.Errorf("%q is kept", before)
			}
		})
	}
}
