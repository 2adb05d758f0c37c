package guard

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const witnessSecret = "a secret of the load balancer, 32+"

// bench is an operator's desk.
type bench struct {
	env         map[string]string
	diagnostics string
}

func newBench() *bench {
	return &bench{env: map[string]string{"DECK_F5": "10.0.0.5", "WITNESS_SECRET": witnessSecret}}
}

func (b *bench) run(t *testing.T, stdin string, o Options) (out string, passes bool, err error) {
	t.Helper()
	var stdout, diagnostics bytes.Buffer
	passes, err = Run(o, Env{
		Lookup: func(name string) (string, bool) { value, ok := b.env[name]; return value, ok },
		Stdin:  strings.NewReader(stdin), Stdout: &stdout, Diagnostics: &diagnostics, Now: time.Now,
	})
	b.diagnostics = diagnostics.String()
	return stdout.String(), passes, err
}

func options() Options {
	return Options{Configs: []string{"testdata/kong.yml"}, Route: "orders", Peer: "10.0.0.5"}
}

// stripped is a request whose Authorization a load balancer has erased.
const stripped = "POST /orders?key=s3cret HTTP/1.1\r\nHost: api.example.com\r\nX-Forwarded-Proto: https\r\nX-Tenant: S3cret\r\nAuthorization:   \r\nContent-Length: 6\r\n\r\ns3cret"

func TestARequestIsExplained(t *testing.T) {
	b := newBench()
	out, passes, err := b.run(t, stripped, options())
	if err != nil || passes {
		t.Fatalf("passes: %t, %v", passes, err)
	}
	const want = `instance orders
CHECK            MODE     STATUS  VERDICT   DETAIL
untrusted_peer   enforce  403     met       the TCP peer is in 10.0.0.5/32
content_length   enforce  400     met       Content-Length is one number, stands alone, and Connection does not name it
hop_by_hop       enforce  400     met       Connection names no header that is meant for the upstream
spoofed          enforce  400     met       the client sends none of x-consumer-*, x-credential-*, x-anonymous-consumer, x-authenticated-*
forwarded_proto  enforce  400     met       X-Forwarded-Proto is https
authorization    enforce  401     violated  authorization: blank, place unknown
tenant           enforce  400     violated  x-tenant: pattern, place unknown
idempotency      enforce  400     violated  idempotency-key: missing, place unknown
rejected with 401, witness absent
`
	if diff := cmp.Diff(want, out); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
	readme, err := os.ReadFile(filepath.Join("..", "..", "plugins", "header-guard", "README.md"))
	if err != nil || !strings.Contains(string(readme), want) {
		t.Errorf("the README of header-guard shows something else, %v", err)
	}
}

func TestTheInstanceIsTheOneThatKongRuns(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*Options)
		want   string
		passes bool
	}{
		{"of the route", func(*Options) {}, "instance orders\n", false},
		{"of the service, where the route has none", func(o *Options) { o.Route = "carts" }, "instance service api\n", true},
		{"by its name", func(o *Options) { o.Route, o.Instance = "", "service api" }, "instance service api\n", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := options()
			row.change(&o)
			out, passes, err := newBench().run(t, "GET / HTTP/1.1\nHost: a\n", o)
			if err != nil || passes != row.passes || !strings.HasPrefix(out, row.want) {
				t.Errorf("passes %t, %v, printed\n%s", passes, err, out)
			}
		})
	}
}

func TestAVerdictIsToldForMachines(t *testing.T) {
	o := options()
	o.JSON, o.Route = true, "carts"
	out, passes, err := newBench().run(t, "GET / HTTP/1.1\nHost: a\nX_Tenant: a\n", o)
	if err != nil || !passes {
		t.Fatalf("passes: %t, %v", passes, err)
	}
	var got struct {
		Decision, Instance string
		Status             int
		Checks             []struct {
			Check, Verdict, Mode, Demand string
			Status                       int
			Faults                       []struct{ Header, Reason, Place string }
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	last := got.Checks[len(got.Checks)-1]
	if got.Decision != "audited" || got.Status != 400 || got.Instance != "service api" || last.Check != "rules[1]" || last.Verdict != "violated" ||
		len(last.Faults) != 1 || last.Faults[0].Header != "x-tenant" || last.Faults[0].Reason != "alias" || last.Faults[0].Place != "unknown" {
		t.Errorf("printed %s", out)
	}
}

func TestARequestThatNginxRefusesDoesNotPass(t *testing.T) {
	o := options()
	o.Route = "carts"
	for _, asJSON := range []bool{false, true} {
		o.JSON = asJSON
		out, passes, err := newBench().run(t, "GET / HTTP/1.1\nX-Tenant: a\n", o)
		want := "\nrefused by nginx with 400; without that passed\n"
		if asJSON {
			want = `"nginx_refuses": "no host"`
		}
		if err != nil || passes || !strings.Contains(out, want) {
			t.Errorf("passes: %t, %v, printed %s", passes, err, out)
		}
	}
}

func TestARequestThatIsNotReadPassesWhereAllIsAudited(t *testing.T) {
	text := "GET / HTTP/1.1\nHost: a\n" + strings.Repeat("a:\n", 999)
	for route, want := range map[string]bool{"orders": false, "carts": true} {
		o := options()
		o.Route = route
		if out, passes, err := newBench().run(t, text, o); err != nil || passes != want {
			t.Errorf("%s passes: %t, %v, printed %s", route, passes, err, out)
		}
	}
}

// A witness is good for some seconds: who looks at a request later says when it was.
func TestARequestIsJudgedAtItsTime(t *testing.T) {
	const made = 1772366400
	mac := hmac.New(sha256.New, []byte(witnessSecret))
	fmt.Fprintf(mac, "tollgate-witness-v1\n%d\nGET\napi.example.com\n/orders\nhost\nhost", made)
	witnessed := fmt.Sprintf("GET /orders HTTP/1.1\nHost: api.example.com\nX-F5-Witness: v1;t=%d;r=host;s=host;d=%s\n",
		made, base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
	for _, row := range []struct {
		at   time.Time
		want string
	}{{time.Unix(made, 0), "witness good"}, {time.Unix(made+31, 0), "witness clock"}, {time.Time{}, "witness clock"}} {
		o := options()
		o.At = row.at
		if out, _, err := newBench().run(t, witnessed, o); err != nil || !strings.Contains(out, row.want) {
			t.Errorf("at %v: %v, want %s in\n%s", row.at, err, row.want, out)
		}
	}
}

func TestNothingOfTheRequestIsPrinted(t *testing.T) {
	b := newBench()
	for _, request := range []string{
		stripped, "GET /s3cret HTTP/1.1\nHost: s3cret\ns3cret.header: x\nX-Consumer-S3cret: s3cret\nConnection: s3cret\n",
		"s3cret", "GET / HTTP/1.1\ns3cret\n", "GET / HTTP/1.1\n s3cret\n", "GET / HTTP/1.1\nX-F5-Witness: s3cret\n",
	} {
		for _, asJSON := range []bool{false, true} {
			o := options()
			o.JSON = asJSON
			out, _, err := b.run(t, request, o)
			all := out + b.diagnostics
			if err != nil {
				all += err.Error()
			}
			if strings.Contains(strings.ToLower(all), "s3cret") || strings.Contains(all, witnessSecret) {
				t.Errorf("%q: printed %s", request, all)
			}
		}
	}
}

func TestWhatAPersonShouldKnowBesides(t *testing.T) {
	b := newBench()
	for name, row := range map[string]struct{ request, note string }{
		"a name that nginx drops":      {"GET / HTTP/1.1\nHost: a\nx.y: z\n", "nginx drops the header in line 3"},
		"a request that nginx refuses": {"GET / HTTP/1.1\n", "nginx answers 400 before any plugin sees this request: no host"},
		"two credentials":              {"GET / HTTP/1.1\nHost: a\nAuthorization: x\nAuthorization: y\n", "several lines of authorization"},
		"two lengths":                  {"GET / HTTP/1.1\nHost: a\nContent-Length: 1\nTransfer-Encoding: chunked\n", "content-length and transfer-encoding"},
		"a redirect":                   {"> GET /a HTTP/1.1\n> Host: a\n>\n< HTTP/1.1 302\n> GET /b HTTP/1.1\n> Host: a\n>\n", "more requests (1)"},
	} {
		if _, _, err := b.run(t, row.request, options()); err != nil || !strings.Contains(b.diagnostics, row.note) {
			t.Errorf("%s: %v, noted %q", name, err, b.diagnostics)
		}
	}
	delete(b.env, "WITNESS_SECRET")
	if out, _, err := b.run(t, stripped, options()); err != nil || !strings.Contains(b.diagnostics, "the witness is not read") || strings.Contains(out, "witness absent") {
		t.Errorf("%v, noted %q, printed %s", err, b.diagnostics, out)
	}
}

func TestWhatCannotBeJudgedIsAnError(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "kong.yml")
	if err := os.WriteFile(broken, []byte("plugins: [{name: header-guard, config: {rules: [{header: a, match: '('}]}}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		stdin  string
		change func(*Options)
		want   string
	}{
		"no configuration":            {"x", func(o *Options) { o.Configs = nil }, "--config"},
		"the standard input for both": {"x", func(o *Options) { o.Configs = []string{"-"} }, "the standard input is the request's"},
		"a file that is not there":    {"x", func(o *Options) { o.Configs = []string{"testdata/away.yml"} }, "away.yml"},
		"several instances":           {"x", func(o *Options) { o.Route = "" }, `kong.yml: header-guard: 2 instances: say --route, --service, or --instance with one of "orders", "service api"`},
		"no such route":               {"x", func(o *Options) { o.Route = "x" }, "no instance that is enabled and runs, as narrowed"},
		"a peer that is none":         {"x", func(o *Options) { o.Peer = "f5" }, "--peer must be an IP address"},
		"a configuration that is not valid": {"GET / HTTP/1.1\n\n", func(o *Options) { *o = Options{Configs: []string{broken}} },
			"plugins[0]: configuration of header-guard: rules[1].match: must be an RE2 expression"},
		"no request":                   {"\n", func(*Options) {}, "there is none on the standard input"},
		"a request of more than a MiB": {strings.Repeat("a", maxInput+1), func(*Options) {}, "too large"},
		"an answer":                    {"HTTP/1.1 200 OK\n", func(*Options) {}, "line 1 is not like GET /path HTTP/1.1"},
		"a line that is no header":     {"\nGET / HTTP/1.1\nHost: a\nx\n", func(*Options) {}, "line 4 is no header"},
		"a name with a space":          {"GET / HTTP/1.1\nHost : a\n", func(*Options) {}, "line 2 is no header"},
		"a folded line":                {"GET / HTTP/1.1\nHost: a\n b\n", func(*Options) {}, "line 3 begins with white space"},
	} {
		t.Run(name, func(t *testing.T) {
			o := options()
			row.change(&o)
			out, passes, err := newBench().run(t, row.stdin, o)
			if err == nil || !strings.Contains(err.Error(), row.want) || passes || out != "" {
				t.Errorf("passes: %t, %v, printed %q; want %s", passes, err, out, row.want)
			}
		})
	}
}
