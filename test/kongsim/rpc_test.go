package kongsim

import (
	"testing"

	protocol "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"
)

func TestDecodeReturnRaisesWhatKongAsserts(t *testing.T) {
	encode := func(sequence int64) []byte {
		data, err := proto.Marshal(&protocol.RpcReturn{Sequence: sequence})
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for _, row := range []struct {
		name   string
		data   []byte
		raised bool
	}{
		{"the answer to this message", encode(7), false},
		{"the answer to another one", encode(6), true},
		{"an answer without a number", nil, true},
		{"garbage", []byte{0xff}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := decodeReturn(row.data, 7)
			if isRaised(err) != row.raised || (err != nil) != row.raised {
				t.Errorf("error %v, want one raised: %v", err, row.raised)
			}
		})
	}
}
