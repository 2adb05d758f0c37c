package guard

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// curl is what curl -v prints to its standard error, through a proxy.
const curl = `* Trying 10.0.0.1:3128...
> CONNECT api.example.com:443 HTTP/1.1
> Host: api.example.com:443
>
< HTTP/1.1 200 Connection established
<
* using HTTP/2
* [HTTP/2] [1] [:path: /orders]
> POST /orders HTTP/2
> Host: api.example.com
> User-Agent: curl/8.5.0
> X-Tenant: acme
> x-tenant:  other 
> X_Tenant: a:b
>
} [6 bytes data]
< HTTP/2 400
< content-type: application/problem+json
<
{ [300 bytes data]
`

func TestCurlsDumpIsRead(t *testing.T) {
	want := map[string][]string{
		"host": {"api.example.com"}, "user-agent": {"curl/8.5.0"}, "x-tenant": {"acme", "other"}, "x_tenant": {"a:b"},
	}
	cutOff, _, _ := strings.Cut(curl, ">\n}")
	for name, text := range map[string]string{
		"as it is": curl, "with ends of lines as on the wire": strings.ReplaceAll(curl, "\n", "\r\n"),
		"cut off": cutOff,
	} {
		d, err := readDump(strings.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, d.Headers); diff != "" || d.Line != "POST /orders HTTP/2" || d.others != 0 {
			t.Errorf("%s: line %q, %d others, headers (-want +got):\n%s", name, d.Line, d.others, diff)
		}
	}
}

func TestARawRequestIsRead(t *testing.T) {
	d, err := readDump(strings.NewReader("\r\nGET /a b HTTP/1.0\r\nA:\r\nB: \tx \r\nc: \xe9\r\n\r\nbody: x\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]string{"a": {""}, "b": {"\tx"}, "c": {"\xe9"}}, d.Headers); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestAMarkOfCurlsInABodyIsNone(t *testing.T) {
	d, err := readDump(strings.NewReader("\nPOST /a HTTP/1.1\nHost: a\n\n> GET /b HTTP/1.1\n> Host: b\n>\n"))
	if err != nil || d.Line != "POST /a HTTP/1.1" || d.Headers["host"][0] != "a" {
		t.Errorf("%+v, %v", d, err)
	}
}

// curl prints how far it is before, where its output goes into a pipe.
func TestCurlsDumpBehindItsProgressIsRead(t *testing.T) {
	for _, before := range []string{"  % Total    % Received\n", "* using HTTP/2\n", "> "} {
		d, err := readDump(strings.NewReader(strings.TrimSuffix(before, "> ") + "> GET /b HTTP/1.1\n> Host: b\n>\n"))
		if err != nil || d.Line != "GET /b HTTP/1.1" {
			t.Errorf("behind %q: %+v, %v", before, d, err)
		}
	}
}

func FuzzReadDump(f *testing.F) {
	for _, seed := range []string{curl, stripped, "> GET / HTTP/1.1\n>\n", ">", "GET / HTTP/1.1\n:\n", "GET  /  HTTP/2\nA: b\n c\n", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := readDump(strings.NewReader(text))
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("error %q", err)
			}
			return
		}
		size := len(d.Line)
		for name, values := range d.Headers {
			if name != strings.ToLower(name) || !validName.MatchString(name) || len(values) == 0 {
				t.Errorf("header %q of %q", name, values)
			}
			for _, value := range values {
				size += len(value) + 1
			}
		}
		if d.Line == "" || size > len(text) {
			t.Errorf("%d bytes came out of %d", size, len(text))
		}
		_ = d.refused()
	})
}
