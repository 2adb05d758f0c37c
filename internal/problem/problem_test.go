package problem

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJSON(t *testing.T) {
	rows := []struct {
		name    string
		problem Problem
		want    map[string]any
	}{
		{"a status alone says about:blank and the status text", Problem{Status: 403},
			map[string]any{"type": "about:blank", "title": "Forbidden", "status": 403.0}},
		{"every member", Problem{Type: "https://x/t", Title: "T", Status: 401, Detail: "D", RequestID: "R", Extra: map[string]any{"tier": "free"}},
			map[string]any{"type": "https://x/t", "title": "T", "status": 401.0, "detail": "D", "request_id": "R", "tier": "free"}},
		{"extension members yield to the standard ones", Problem{Status: 429, RequestID: "R", Extra: map[string]any{"status": 200, "request_id": "forged", "type": "t"}},
			map[string]any{"type": "about:blank", "title": "Too Many Requests", "status": 429.0, "request_id": "R"}},
		{"text that needs escaping", Problem{Status: 400, Detail: "a \"b\" \n\x00 <é>"},
			map[string]any{"type": "about:blank", "title": "Bad Request", "status": 400.0, "detail": "a \"b\" \n\x00 <é>"}},
		{"members whose names need escaping", Problem{Status: 429, Extra: map[string]any{"a\"<é": []string{"<", "b"}, "b": nil, "c": []string(nil), "d": []string{}}},
			map[string]any{"type": "about:blank", "title": "Too Many Requests", "status": 429.0, "a\"<é": []any{"<", "b"}, "b": nil, "c": nil, "d": []any{}}},
		{"no status at all", Problem{}, map[string]any{"type": "about:blank", "status": 0.0}},
		{"a status without a text has no title", Problem{Status: 499},
			map[string]any{"type": "about:blank", "status": 499.0}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var got map[string]any
			if err := json.Unmarshal(row.problem.JSON(), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("problem (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(marshalled(t, row.problem), string(row.problem.JSON())); diff != "" {
				t.Errorf("what encoding/json writes, and what is written by hand (-want +got):\n%s", diff)
			}
		})
	}
}

// marshalled is the body as encoding/json writes it.
func marshalled(t *testing.T, p Problem) string {
	t.Helper()
	object := func(of any) string {
		data, err := json.Marshal(of)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Trim(string(data), "{}")
	}
	parts := []string{object(struct {
		Type   string `json:"type"`
		Title  string `json:"title,omitempty"`
		Status int    `json:"status"`
		Detail string `json:"detail,omitempty"`
	}{or(p.Type, "about:blank"), or(p.Title, http.StatusText(p.Status)), p.Status, p.Detail})}
	extra := maps.Clone(p.Extra)
	for _, name := range []string{"type", "title", "status", "detail", requestID} {
		delete(extra, name)
	}
	if len(extra) > 0 {
		parts = append(parts, object(extra))
	}
	if p.RequestID != "" {
		parts = append(parts, object(map[string]string{requestID: p.RequestID}))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func TestJSONLeavesTheCallersMembersAlone(t *testing.T) {
	extra := map[string]any{"tier": "free"}
	Problem{Status: 429, Detail: "D", Extra: extra}.JSON()
	if diff := cmp.Diff(map[string]any{"tier": "free"}, extra); diff != "" {
		t.Errorf("extra (-want +got):\n%s", diff)
	}
}

func TestJSONPanicsOnAMemberThatIsNoJSON(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a channel was marshalled")
		}
	}()
	Problem{Status: 500, Extra: map[string]any{"c": make(chan int)}}.JSON()
}

func TestTheRequestIDComesLast(t *testing.T) {
	body := Problem{Status: 429, Detail: "D", RequestID: "abcd", Extra: map[string]any{"z": 1, "violated-policies": []string{"tps"}}}.JSON()
	want := `{"type":"about:blank","title":"Too Many Requests","status":429,"detail":"D","violated-policies":["tps"],"z":1,"request_id":"abcd"}`
	if string(body) != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
}

// What is written by hand must be what encoding/json writes.
func TestTextsAreWrittenAsJSONHasThem(t *testing.T) {
	texts := []string{"", "plain text: /a?b=c", "a\u2028b", "\xff", "caf\u00e9"}
	for c := range 256 {
		texts = append(texts, "a"+string([]byte{byte(c)})+"b")
	}
	for _, text := range texts {
		want, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := appendText(nil, text); string(got) != string(want) {
			t.Errorf("%q is written as %s, want %s", text, got, want)
		}
	}
	for _, list := range [][]string{nil, {}, {"a"}, {"a", "\"<"}} {
		want, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		if got := appendValue(nil, list); string(got) != string(want) {
			t.Errorf("%q is written as %s, want %s", list, got, want)
		}
	}
}
