package headerguard

import (
	"testing"

	"tollgate/internal/httpheader"
)

// benchmarkCase is what a route behind a load balancer may ask for, and a request that holds it.
func benchmarkCase(tb testing.TB) (*guard, httpheader.List) {
	g := guardOf(tb, `{
		"rules": [{"header":"x-tenant","match":"^[a-z]{2,20}$"},{"header":"x-trace-id","max_length":64,"methods":["POST"]}],
		"any_of": [{"headers":["authorization","apikey"],"status":401}],
		"presets": ["forwarded","host"], "hosts": ["*.example.com"], "max_hops": 5}`)
	return g, httpheader.FromMap(headers{
		"host": {"api.example.com"}, "x-forwarded-proto": {"https"}, "x-forwarded-for": {"203.0.113.9", "192.0.2.1"}, "x-tenant": {"acme"},
		"accept": {"*/*"}, "accept-encoding": {"gzip"}, "user-agent": {"test"}, "apikey": {"k"}, "connection": {"keep-alive"},
		"content-length": {"17"}, "content-type": {"application/json"}, "x-trace-id": {"0af7651916cd43dd8448eb211c80319c"},
	})
}

func BenchmarkExamine(b *testing.B) {
	g, request := benchmarkCase(b)
	b.ReportAllocs()
	for b.Loop() {
		q, _ := survey(request)
		if found := g.examine(q); found != nil {
			b.Fatal(texts(found))
		}
	}
}

func TestExaminingAPassingRequestDoesNotAllocate(t *testing.T) {
	g, request := benchmarkCase(t)
	q, _ := survey(request)
	requireFound(t, nil, texts(g.examine(q)))
	examine := func() {
		q, _ := survey(request)
		g.examine(q)
	}
	if n := testing.AllocsPerRun(100, examine); n != 0 {
		t.Errorf("%v allocations a request", n)
	}
}

func BenchmarkExpression(b *testing.B) {
	e := compile(`^[a-z]{2,20}$`)
	for name, match := range map[string]func(string) bool{"table": e.MatchString, "regexp": e.Regexp.MatchString} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if !match("acme") {
					b.Fatal("no match")
				}
			}
		})
	}
}
