package echo

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEchoTellsWhatArrived(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "http://api.example/a%2Fb?x=1&y", strings.NewReader("four"))
	r.Header = http.Header{"X-Twice": {"one", "two"}, "X_odd": {"3"}}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)

	var got Request
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("answer %q: %v", w.Body, err)
	}
	want := Request{
		Method: "POST", Host: "api.example", Path: "/a%2Fb", Query: "x=1&y",
		Headers: map[string][]string{"X-Twice": {"one", "two"}, "X_odd": {"3"}}, BodySize: 4,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("echo (-want +got):\n%s", diff)
	}
}
