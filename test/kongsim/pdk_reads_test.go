package kongsim_test

import (
	"testing"
)

// reads are the values that a plugin gets, in the cases where Kong's surprise.
var reads = []struct {
	name    string
	headers []string
	path    string
	probe   func(k turn) string
	want    string
}{
	{"a missing header is empty without an error", nil, "/", func(k turn) string {
		return join(k.Request.GetHeader("x-absent"))
	}, "<nil>"},
	{"a header in underscores answers to dashes", []string{"X_Consumer_Id: 7"}, "/", func(k turn) string {
		return join(k.Request.GetHeader("x-consumer-id"))
	}, "7 <nil>"},
	{"of a header sent twice the first counts", []string{"X-A: 1", "X-A: 2"}, "/", func(k turn) string {
		return join(k.Request.GetHeader("x-a"))
	}, "1 <nil>"},
	{"twice in underscores is not found under dashes", []string{"X_A: 1", "X_A: 2"}, "/", func(k turn) string {
		return join(k.Request.GetHeader("x-a"))
	}, "<nil>"},
	{"get_headers shows both spellings", []string{"X_A: 1", "X-A: 2", "X-A: 3"}, "/", func(k turn) string {
		h, err := k.Request.GetHeaders(-1)
		return join(h["x_a"], h["x-a"], err)
	}, "[1] [2 3] <nil>"},
	{"clearing the dashed spelling leaves the other", []string{"X_A: 1", "X-A: 2"}, "/", func(k turn) string {
		err := k.ServiceRequest.ClearHeader("X-A")
		value, _ := k.Request.GetHeader("x-a")
		return join(value, err)
	}, "1 <nil>"},
	{"a header name with a dot is dropped", []string{"X.A: 1"}, "/", func(k turn) string {
		h, err := k.Request.GetHeaders(1000)
		return join(h["x.a"], err)
	}, "[] <nil>"},
	{"get_headers stops at its maximum", []string{"X-A: 1", "X-B: 2"}, "/", func(k turn) string {
		h, err := k.Request.GetHeaders(1)
		return join(len(h), err)
	}, "1 <nil>"},
	{"a query argument is decoded", nil, "/?a=%41+b&a=2", func(k turn) string {
		return join(k.Request.GetQueryArg("a"))
	}, "A b <nil>"},
	{"the path is normalized, the raw one is not", nil, "/a/%62/../c?x", func(k turn) string {
		path, _ := k.Request.GetPath()
		raw, err := k.Request.GetPathWithQuery()
		return join(path, raw, err)
	}, "/a/c /a/%62/../c?x <nil>"},
	{"an unknown consumer is a zero value", nil, "/", func(k turn) string {
		return join(k.Client.LoadConsumer("nobody", true))
	}, "{ 0   []} <nil>"},
	{"a custom_id finds no consumer", nil, "/", func(k turn) string {
		c, err := k.Client.LoadConsumer("c-1", true)
		return join(c.Id == "", err)
	}, "true <nil>"},
	{"a consumer is found by username with its tags", nil, "/", func(k turn) string {
		c, err := k.Client.LoadConsumer("alice", true)
		return join(c.Id, c.CustomId, c.Tags, err)
	}, "11111111-1111-4111-8111-111111111111 c-1 [tier:gold] <nil>"},
	{"an unknown variable is empty", nil, "/", func(k turn) string {
		return join(k.Nginx.GetVar("no_such_variable"))
	}, "<nil>"},
	{"variables of headers and arguments", []string{"X-A: 1"}, "/?b=2", func(k turn) string {
		a, _ := k.Nginx.GetVar("http_x_a")
		b, err := k.Nginx.GetVar("arg_b")
		return join(a, b, err)
	}, "1 2 <nil>"},
	{"nobody is trusted by default", []string{"X-Real-Ip: 9.9.9.9"}, "/", func(k turn) string {
		ip, err := k.Client.GetForwardedIp()
		return join(ip, err)
	}, "127.0.0.1 <nil>"},
	{"a cleared header is gone for those who come later", []string{"X-A: 1"}, "/", func(k turn) string {
		before, _ := k.Request.GetHeader("x-a")
		err := k.ServiceRequest.ClearHeader("X-A")
		after, _ := k.Request.GetHeader("x-a")
		return join(before, after == "", err)
	}, "1 true <nil>"},
	{"but not Authorization, once it was read", []string{"Authorization: Bearer x"}, "/", func(k turn) string {
		_, _ = k.Request.GetHeader("authorization")
		err := k.ServiceRequest.ClearHeader("Authorization")
		after, _ := k.Request.GetHeader("authorization")
		h, _ := k.Request.GetHeaders(-1)
		return join(after, h["authorization"], err)
	}, "Bearer x [] <nil>"},
	{"nor X-Forwarded-Host, whoever read it", []string{"X-Forwarded-Host: a"}, "/", func(k turn) string {
		_, _ = k.Request.GetHeader("x_forwarded_host")
		err := k.ServiceRequest.ClearHeader("X-Forwarded-Host")
		after, _ := k.Request.GetHeader("x-forwarded-host")
		return join(after, err)
	}, "a <nil>"},
	{"a header that was set is read anew", []string{"Te: trailers"}, "/", func(k turn) string {
		_, _ = k.Request.GetHeader("te")
		_ = k.ServiceRequest.SetHeader("TE", "x")
		return join(k.Request.GetHeader("te"))
	}, "x <nil>"},
	{"a set header is seen by those who come later, an empty one as a blank", nil, "/", func(k turn) string {
		_ = k.ServiceRequest.SetHeader("X-A", "1")
		err := k.ServiceRequest.SetHeader("X-B", "")
		a, _ := k.Request.GetHeader("x_a")
		b, _ := k.Request.GetHeader("x-b")
		return join(a, b == " ", err)
	}, "1 true <nil>"},
	{"adding to a header keeps what came", []string{"X-A: 1"}, "/", func(k turn) string {
		err := k.ServiceRequest.AddHeader("X-A", "2")
		h, _ := k.Request.GetHeaders(-1)
		return join(h["x-a"], err)
	}, "[1 2] <nil>"},
	{"cookies sent twice are joined", []string{"Cookie: a=1", "Cookie: b=2"}, "/", func(k turn) string {
		return join(k.Request.GetHeader("cookie"))
	}, "a=1; b=2 <nil>"},
	{"variables of a header sent twice", []string{"X-A: 1", "X_A: 2"}, "/", func(k turn) string {
		return join(k.Nginx.GetVar("http_x_a"))
	}, "1, 2 <nil>"},
	{"the query after a plugin has changed it", nil, "/?a=1", func(k turn) string {
		err := k.ServiceRequest.SetRawQuery("b=2")
		raw, _ := k.Request.GetRawQuery()
		b, _ := k.Request.GetQueryArg("b")
		whole, _ := k.Request.GetPathWithQuery()
		return join(raw, b, whole, err)
	}, "b=2 2 /?a=1 <nil>"},
	{"a nameless consumer", nil, "/", func(k turn) string {
		c, err := k.Client.LoadConsumer("", true)
		return join(c.Id == "", err)
	}, "true <nil>"},
	{"no consumer and no credential", nil, "/", func(k turn) string {
		c, _ := k.Client.GetConsumer()
		credential, err := k.Client.GetCredential()
		return join(c.Id == "", credential.Id == "", err)
	}, "true true <nil>"},
	{"what is no address is not trusted", nil, "/", func(k turn) string {
		return join(k.IP.IsTrusted("lb.example"))
	}, "false <nil>"},
	{"nothing in the shared context is nil", nil, "/", func(k turn) string {
		value, err := k.Ctx.GetSharedAny("absent")
		return join(value, err)
	}, "<nil> <nil>"},
	{"nginx's reading of the path", nil, "/a%2Fb/../c%20d?x", func(k turn) string {
		uri, _ := k.Nginx.GetVar("uri")
		path, err := k.Request.GetPath()
		return join(uri, path, err)
	}, "/a/c d /c d <nil>"},
	{"scheme, version, subsystem and method", nil, "/", func(k turn) string {
		scheme, _ := k.Request.GetScheme()
		version, _ := k.Request.GetHttpVersion()
		subsystem, _ := k.Nginx.GetSubsystem()
		proto, err := k.Client.GetProtocol(true)
		return join(scheme, version, subsystem, proto, err)
	}, "http 1.1 http http <nil>"},
	{"the forwarded parts without a trusted peer", []string{"X-Forwarded-Host: h.example:9", "X-Forwarded-Proto: https"}, "/", func(k turn) string {
		host, _ := k.Request.GetForwardedHost()
		port, _ := k.Request.GetForwardedPort()
		own, _ := k.Request.GetPort()
		scheme, err := k.Request.GetForwardedScheme()
		return join(host, port == own, scheme, err)
	}, "127.0.0.1 true http <nil>"},
	{"the route and its service", nil, "/", func(k turn) string {
		r, _ := k.Router.GetRoute()
		s, err := k.Router.GetService()
		return join(r.Name, r.Service.Id == s.Id, s.Name, s.Port > 0, err)
	}, "all true echo true <nil>"},
}

func TestPDKReadsAsInKong(t *testing.T) {
	p := newProber(t)
	for _, row := range reads {
		t.Run(row.name, func(t *testing.T) {
			got, answer := p.ask(row.probe, func() answer { return p.get(row.path, row.headers...) })
			if got != row.want || answer.status != 200 {
				t.Errorf("plugin got %q, want %q; status %d", got, row.want, answer.status)
			}
		})
	}
}
