package kongsim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// bodyBuffer is client_body_buffer_size: nginx keeps a body up to this size in
// memory and writes a larger one to a file. A body of known length may be a
// quarter larger, less one byte.
const bodyBuffer = 8 << 10

func (b *requestBody) limit() int64 {
	if b.length >= 0 {
		return bodyBuffer + bodyBuffer/4 - 1
	}
	return bodyBuffer
}

// requestBody is the client's body, in the place where it is now.
type requestBody struct {
	stream io.ReadCloser
	length int64 // -1 when the client has not said

	read bool
	data []byte
	file string // holds the body when it did not fit into data
}

// load reads the body as ngx.req.read_body does.
func (b *requestBody) load() error {
	if b.read {
		return nil
	}
	b.read = true
	limit := b.limit()
	head, err := io.ReadAll(io.LimitReader(b.stream, limit+1))
	if err != nil {
		return fmt.Errorf("reading request body: %w", err)
	}
	if int64(len(head)) <= limit {
		b.data, b.length = head, int64(len(head))
		return nil
	}
	return b.spill(head)
}

func (b *requestBody) spill(head []byte) error {
	file, err := os.CreateTemp("", "kongsim-body-*")
	if err != nil {
		return fmt.Errorf("keeping request body: %w", err)
	}
	b.file = file.Name()
	b.length, err = io.Copy(file, io.MultiReader(bytes.NewReader(head), b.stream))
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("keeping request body: %w", err)
	}
	return nil
}

// set replaces the body.
func (b *requestBody) set(data []byte) {
	b.remove()
	b.read, b.data, b.length = true, data, int64(len(data))
}

// reader is what the upstream gets.
func (b *requestBody) reader() (io.ReadCloser, error) {
	switch {
	case !b.read:
		return b.stream, nil
	case b.file != "":
		return os.Open(b.file)
	}
	return io.NopCloser(bytes.NewReader(b.data)), nil
}

func (b *requestBody) remove() {
	if b.file != "" {
		_ = os.Remove(b.file) // a temporary file is the worst that can stay
		b.file = ""
	}
}
