package jwksverify

import "tollgate/internal/schema"

// tokenFields say where a token comes in and what it must say.
func tokenFields() []schema.Field {
	return []schema.Field{
		{Name: "header_names", Kind: schema.Array, Rules: schema.Rules{Required: true, LenMin: 1, LenMax: 8}, Default: []string{"Authorization"},
			Elements: &schema.Field{Kind: schema.String, Rules: schema.Rules{Match: headerName}},
			Doc:      "The headers in which a token may come: in Authorization with the scheme Bearer, in others with or without it. A request with two tokens is refused."},
		flag("refuse_query_token", "Refuses, with 400, a request whose query holds access_token, beside a token in a header or alone (RFC 6750, section 2.3); the query is then REDACTED in the JSON of Kong's log plugins, and this plugin writes nothing to Kong's error log, whose lines show it. Otherwise nobody looks there: the upstream gets it, and any line that Kong writes about the request shows it. One more call to Kong a request."),
		amount("leeway_seconds", 10, 0, 300, "Clock skew allowed on exp, nbf and iat, in seconds; 0 allows none."),
		{Name: "max_age_seconds", Kind: schema.Integer, Rules: schema.Rules{Between: schema.Between(1, 31_536_000)},
			Doc: "The most seconds that may have passed since iat, which is then needed. Absent means that only exp counts."},
		{Name: "required_claims", Kind: schema.Array, Default: []string{},
			Elements: &schema.Field{Kind: schema.Object, Record: schema.Record{Fields: []schema.Field{
				claimPathField(),
				{Name: "values", Kind: schema.Array, Rules: schema.Rules{LenMin: 1}, Elements: &schema.Field{Kind: schema.String},
					Doc: "The values of which the claim, or one element of it, must have one; numbers as the token writes them, true and false as words. Absent takes any value but null."},
			}}},
			Doc: "Claims that a token must have, all of them."},
		{Name: "required_scopes", Kind: schema.Array, Default: []string{}, Elements: &schema.Field{Kind: schema.String},
			Doc: "Scopes that a token must have in its claim scope or scp, a string or an array; without them the answer is 403."},
		choice("required_scopes_match", matchAll, []string{matchAny},
			"Whether a token must have all of required_scopes, or any one."),
	}
}

func senderFields() []schema.Field {
	return []schema.Field{
		choice("sender_constraint", constraintOff, []string{constraintOptional, constraintRequired},
			"What becomes of tokens bound to a client certificate (RFC 8705): off refuses them, since nobody compares; optional compares, and takes tokens that are not bound; required refuses those."),
		{Name: "client_cert_header", Kind: schema.String, Rules: schema.Rules{Match: headerName},
			Doc: "The header in which the load balancer passes the client's certificate: PEM, PEM encoded as in URLs or forms, or Envoy's X-Forwarded-Client-Cert. It must replace what the client sent under that name."},
		{Name: "trusted_peers", Kind: schema.Array, Rules: schema.Rules{LenMin: 1}, Elements: &schema.Field{Kind: schema.String},
			Doc: "The addresses or networks (CIDR) of the load balancers, as TCP peers of the gateway, from which client_cert_header is believed."},
	}
}

func senderChecks() []schema.Check {
	on := schema.Rules{Required: true, OneOf: []string{constraintOptional, constraintRequired}}
	return []schema.Check{
		whenIs("sender_constraint", on, "client_cert_header"),
		whenIs("sender_constraint", on, "trusted_peers"),
	}
}
