package quota

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// adminAPI is Kong's, with the ids of a database.
func adminAPI(t *testing.T) string {
	t.Helper()
	const (
		ann = `{"id": "aaaaaaaa-0000-4000-8000-000000000001", "username": "ann", "custom_id": "crm-1", "tags": ["tier:gold"]}`
		dan = `{"id": "aaaaaaaa-0000-4000-8000-000000000002", "username": null, "custom_id": "crm-2", "tags": null}`
	)
	bodies := map[string]string{
		"/kong/consumers/ann": ann,
		"/kong/consumers/aaaaaaaa-0000-4000-8000-000000000003": `{"id": "aaaaaaaa-0000-4000-8000-000000000003", "username": "bob"}`,
		"/kong/consumers/a/b":     `{"id": "aaaaaaaa-0000-4000-8000-000000000004", "username": "a/b"}`,
		"/kong/services/api":      `{"id": "bbbbbbbb-0000-4000-8000-000000000001"}`,
		"/kong/consumers/garbled": `{"id": 1}`,
		"/kong":                   `{"version": "3.9.3"}`,
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		body, known := bodies[r.URL.Path]
		switch {
		case r.Header.Get("Kong-Admin-Token") != "hunter2":
			http.Error(w, `{"message": "Unauthorized"}`, http.StatusUnauthorized)
		case !known || strings.Count(r.URL.EscapedPath(), "/") > 3:
			http.NotFound(w, r)
		default:
			_, _ = w.Write([]byte(body))
		}
	})
	mux.HandleFunc("GET /kong/consumers", func(w http.ResponseWriter, r *http.Request) {
		found := ""
		switch r.URL.Query().Get("custom_id") {
		case "crm-2":
			found = dan
		case "crm-1":
			found = ann
		}
		_, _ = w.Write([]byte(`{"data": [` + found + `], "next": null}`))
	})
	mux.Handle("GET /kong/consumers/elsewhere", http.RedirectHandler("http://192.0.2.1/", http.StatusFound))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/kong"
}

func TestTheAdminAPIKnowsIdsAndTags(t *testing.T) {
	b := newBench(t)
	const ann, dan = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
	o := from("services.yml")
	o.AdminURL, o.AdminToken = adminAPI(t), "hunter2"
	for name, want := range map[string][]string{
		"ann": {
			"global | consumer | default:consumer:" + ann + " gold 100+0-0=100",
			"service api | service api | default:service:bbbbbbbb-0000-4000-8000-000000000001:consumer:" + ann + " silver 20+0-0=20",
			"by-route | route r1 | default:route:11111111-1111-4111-8111-111111111111:consumer:" + ann + " free 10+0-0=10",
			"by-key | consumer | keys:consumer:" + ann + " gold 100+0-0=100",
		},
		"crm-2": { // who is in no file
			"global | consumer | default:consumer:" + dan + " free 10+0-0=10",
			"service api | service api | default:service:bbbbbbbb-0000-4000-8000-000000000001:consumer:" + dan + " silver 20+0-0=20",
			"by-route | route r1 | default:route:11111111-1111-4111-8111-111111111111:consumer:" + dan + " free 10+0-0=10",
			"by-key | consumer | keys:consumer:" + dan + " free 10+0-0=10",
		},
		// An id of the database, of a consumer with an instance of its own in the files.
		"aaaaaaaa-0000-4000-8000-000000000003": {"consumer bob | consumer | default:consumer:aaaaaaaa-0000-4000-8000-000000000003 unlimited"},
	} {
		if diff := cmp.Diff(want, days(b.lines(t, show, name, o))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if strings.Contains(b.stderr.String(), "derives") {
			t.Errorf("an id that Kong told is called derived: %s", b.stderr.String())
		}
	}
	o.Instance, o.Tier = "global", "free"
	if got := b.lines(t, show, "a/b", o); len(got) != 1 || got[0].Key != "default:consumer:aaaaaaaa-0000-4000-8000-000000000004" {
		t.Errorf("a name with a slash: %+v", got)
	}
	o.Instance = ""
	flat(b, &o)
	if got := b.lines(t, show, "crm-1", o); len(got) != 1 || got[0].Key != "default:consumer:"+ann {
		t.Errorf("without a configuration: %+v", got)
	}
}

func TestWhatTheAdminAPICannotTellIsNamed(t *testing.T) {
	b := newBench(t)
	url := adminAPI(t)
	for _, row := range []struct{ name, url, token, want string }{
		{"nobody", url, "hunter2", `kong has no consumer with the username, custom_id or id "nobody"`},
		{"..", url, "hunter2", `kong has no consumer`},
		{"ann", url, "wrong", "asking the admin api: GET " + url + "/consumers/ann: 401 Unauthorized"},
		{"elsewhere", url, "hunter2", "302 Found"},
		{"garbled", url, "hunter2", "GET " + url + "/consumers/garbled: json"},
		{"ann", "http://127.0.0.1:1", "hunter2", "asking the admin api: "},
		{"ann", "127.0.0.1:8001", "hunter2", "admin-url: must be like http://127.0.0.1:8001"},
	} {
		o := from("services.yml")
		o.AdminURL, o.AdminToken = row.url, row.token
		_, err := b.run(t, show, row.name, o)
		if err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %s", row.name, err, row.want)
		}
	}
	o := from("routes.yml")
	o.AdminURL, o.AdminToken = url, "hunter2"
	if _, err := b.run(t, show, "ann", o); err == nil || !strings.Contains(err.Error(), `kong has no "only-here" among its routes`) {
		t.Errorf("a route that Kong does not have: %v", err)
	}
}

func TestAnAdminAPIThatHangsIsGivenUp(t *testing.T) {
	b := newBench(t)
	hung := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hung }))
	defer server.Close()
	defer close(hung)
	o := from("services.yml")
	o.AdminURL, o.Timeout = server.URL, 20*time.Millisecond
	if _, err := b.run(t, show, "ann", o); err == nil || !strings.Contains(err.Error(), "asking the admin api: ") {
		t.Errorf("%v", err)
	}
}
