package echo

import (
	"encoding/json"
	"io"
	"net/http"
)

// Request is what an upstream saw.
type Request struct {
	Method   string              `json:"method"`
	Host     string              `json:"host"`
	Path     string              `json:"path"` // as it stood in the request line
	Query    string              `json:"query"`
	Headers  map[string][]string `json:"headers"` // Host is not among them
	BodySize int64               `json:"body_size"`
}

// Handler answers with a Request in JSON.
func Handler() http.Handler { return http.HandlerFunc(echo) }

func echo(w http.ResponseWriter, r *http.Request) {
	size, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		http.Error(w, "the body did not arrive whole", http.StatusBadRequest)
		return
	}
	answer, err := json.MarshalIndent(Request{
		Method: r.Method, Host: r.Host, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, Headers: r.Header, BodySize: size,
	}, "", "  ")
	if err != nil {
		http.Error(w, "the request cannot be told in JSON", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(answer, '\n')) // a client that has left misses nothing
}
