package jwksverify

import "tollgate/internal/schema"

// Schema declares the plugin's configuration.
func Schema() schema.Plugin {
	return schema.Plugin{
		Name:       "jwks-verify",
		Protocols:  []string{"grpc", "grpcs", "http", "https"},
		NoConsumer: true,
		Config: schema.Record{Fields: []schema.Field{
			issuersField(),
			{
				Name: "leeway_seconds", Kind: schema.Integer, Default: 10,
				Rules: schema.Rules{Between: schema.Between(0, 300)},
				Doc:   "Clock skew allowed on exp and nbf, in seconds; 0 allows none.",
			},
			{
				Name: "insecure_http", Kind: schema.Boolean, Default: false,
				Doc: "Allows key sets over plain http: anyone on the way can then replace the keys.",
			},
			{
				Name: "consumer_claims", Kind: schema.Array, Default: []string{"client_id"},
				Elements: &schema.Field{Kind: schema.String},
				Doc: "Claims that may hold the id or the username of a consumer, tried in order; the first found is authenticated, an empty list looks none up. " +
					"Name only claims that the issuer, not its users, chooses. All issuers of one configuration share the consumers: each can name any of them.",
			},
			{
				Name: "consumer_required", Kind: schema.Boolean, Default: false,
				Doc: "Refuses, with 403, a token for which no consumer is found; otherwise the request goes on with a credential alone.",
			},
		}},
	}
}

func issuersField() schema.Field {
	return schema.Field{
		Name: "issuers", Kind: schema.Array,
		Rules: schema.Rules{Required: true, LenMin: 1},
		Doc:   "The issuers whose tokens are taken, each with keys of its own.",
		Elements: &schema.Field{Kind: schema.Object, Record: schema.Record{Fields: []schema.Field{
			{
				Name: "issuer", Kind: schema.String, Rules: schema.Rules{Required: true},
				Doc: "The exact value of the claim iss.",
			},
			{
				Name: "jwks_uri", Kind: schema.String, Rules: schema.Rules{Required: true},
				Doc: "The https address of the issuer's JSON Web Key Set.",
			},
			{
				Name: "audiences", Kind: schema.Array, Rules: schema.Rules{Required: true, LenMin: 1},
				Elements: &schema.Field{Kind: schema.String},
				Doc:      "The values of the claim aud of which a token must have at least one.",
			},
			{
				Name: "algorithms", Kind: schema.Array, Rules: schema.Rules{LenMin: 1},
				Default:  []string{"RS256", "PS256", "ES256"},
				Elements: &schema.Field{Kind: schema.String, Rules: schema.Rules{OneOf: algorithms()}},
				Doc:      "The signature algorithms allowed; ES512 and RSA keys above 3072 bits cost many times the CPU of the defaults.",
			},
		}}},
	}
}
