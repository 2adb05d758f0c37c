package jwksverify

import (
	"slices"

	"tollgate/internal/schema"
)

// headerName is a RFC 9110 token of the characters that nginx lets through: it drops a header whose
// name holds any other (ignore_invalid_headers), so that such a header would never come.
const headerName = "^[%w_-]+$"

// Schema declares the plugin's configuration.
func Schema() schema.Plugin {
	return schema.Plugin{
		Name:       "jwks-verify",
		Protocols:  []string{"grpc", "grpcs", "http", "https"},
		NoConsumer: true,
		Config: schema.Record{
			Fields: slices.Concat([]schema.Field{issuersField()}, tokenFields(), senderFields(), keyFields(), identityFields(), answerFields()),
			Checks: slices.Concat(senderChecks(), []schema.Check{
				whenIs("consumer_by", schema.Rules{Eq: byCustomID}, "custom_ids"),
			}),
		},
	}
}

func issuersField() schema.Field {
	return schema.Field{
		Name: "issuers", Kind: schema.Array,
		Rules: schema.Rules{Required: true, LenMin: 1, LenMax: 64},
		Doc:   "The issuers whose tokens are taken, each with keys of its own.",
		Elements: &schema.Field{Kind: schema.Object, Record: schema.Record{
			Fields: issuerFields(),
			Checks: []schema.Check{whenIs("insecure_any_audience", schema.Rules{Eq: false}, "audiences")},
		}},
	}
}

func issuerFields() []schema.Field {
	return []schema.Field{
		{Name: "issuer", Kind: schema.String, Rules: schema.Rules{Required: true},
			Doc: "The exact value of the claim iss."},
		{Name: "jwks_uri", Kind: schema.String,
			Doc: "The https address of the issuer's JSON Web Key Set. Absent finds it in the issuer's metadata: <issuer>/.well-known/openid-configuration, else that of RFC 8414."},
		{Name: "audiences", Kind: schema.Array, Rules: schema.Rules{LenMin: 1}, Elements: &schema.Field{Kind: schema.String},
			Doc: "The values of the claim aud of which a token must have at least one. Needed unless insecure_any_audience is set."},
		flag("insecure_any_audience", "Takes tokens whatever their aud, or without one: also those that were issued for any other resource."),
		{Name: "algorithms", Kind: schema.Array, Rules: schema.Rules{Required: true, LenMin: 1}, Default: []string{"RS256", "PS256", "ES256"},
			Elements: &schema.Field{Kind: schema.String, Rules: schema.Rules{OneOf: algorithms()}},
			Doc:      "The signature algorithms allowed; ES512 and RSA keys above 3072 bits cost many times the CPU of the defaults."},
		{Name: "typ", Kind: schema.Array, Rules: schema.Rules{Required: true, LenMin: 1}, Default: []string{"JWT", "at+jwt", "application/at+jwt", typAbsent},
			Elements: &schema.Field{Kind: schema.String, Rules: schema.Rules{Match: "^[%w!#$&^_.+/-]+$"}},
			Doc:      "The values of the header typ allowed, in any case, with or without `application/`; the word absent allows tokens without one."},
		choice("profile", profileNone, []string{profileRFC9068},
			"rfc9068 demands what that RFC does of an access token: typ at+jwt, and the claims iss, exp, aud, sub, client_id, iat and jti."),
	}
}

func claimPathField() schema.Field {
	return schema.Field{Name: "claim", Kind: schema.String, Rules: schema.Rules{Required: true},
		Doc: "The claim's name, or a dotted path into objects, as in realm_access.roles."}
}

// whenIs demands the field then where another satisfies a rule.
func whenIs(field string, is schema.Rules, then string) schema.Check {
	return schema.Check{Conditional: &schema.Conditional{
		IfField: field, IfMatch: is, ThenField: then, ThenMatch: schema.Rules{Required: true},
	}}
}

// choice is a field with one of some words, the first of them its default.
func choice(name, standard string, others []string, doc string) schema.Field {
	return schema.Field{Name: name, Kind: schema.String, Default: standard, Doc: doc,
		Rules: schema.Rules{Required: true, OneOf: append([]string{standard}, others...)}}
}

// flag is a switch that is off unless set.
func flag(name, doc string) schema.Field {
	return schema.Field{Name: name, Kind: schema.Boolean, Default: false, Rules: schema.Rules{Required: true}, Doc: doc}
}

// amount is a number with a default, from low to high.
func amount(name string, standard, low, high int, doc string) schema.Field {
	return schema.Field{Name: name, Kind: schema.Integer, Default: standard, Doc: doc,
		Rules: schema.Rules{Required: true, Between: schema.Between(float64(low), float64(high))}}
}
