package jwksverify

import "tollgate/internal/schema"

// identityFields say whom a token stands for, and who is told.
func identityFields() []schema.Field {
	return []schema.Field{
		{Name: "consumer_claims", Kind: schema.Array, Default: []string{"client_id"}, Elements: &schema.Field{Kind: schema.String},
			Doc: "Claims that may name a consumer, tried in order; the first found is authenticated, an empty list looks none up. " +
				"Name only claims that the issuer, not its users, chooses. All issuers of one configuration share the consumers: each can name any of them."},
		choice("consumer_by", byUsername, []string{byID, byCustomID},
			"What of a consumer those claims hold. Kong's PDK cannot look a custom_id up: custom_ids must list them."),
		{Name: "custom_ids", Kind: schema.Array, Rules: schema.Rules{LenMin: 1},
			Elements: &schema.Field{Kind: schema.Object, Record: schema.Record{Fields: []schema.Field{
				{Name: "custom_id", Kind: schema.String, Rules: schema.Rules{Required: true}, Doc: "The value of the claim."},
				{Name: "consumer", Kind: schema.String, Rules: schema.Rules{Required: true}, Doc: "The username or the id of the consumer that has it."},
			}}},
			Doc: "Which consumer has which custom_id. Needed where consumer_by is custom_id."},
		flag("consumer_required", "Refuses, with 403, a token for which no consumer is found; otherwise the request goes on with a credential alone."),
		{Name: "anonymous", Kind: schema.String,
			Doc: "The username or the id of the consumer that requests without a token have. Absent refuses them."},
		{Name: "userid_claim", Kind: schema.String, Default: "sub",
			Doc: "The claim that the upstream gets as X-Authenticated-Userid. An explicit null sends none."},
		{Name: "groups_claim", Kind: schema.String,
			Doc: "The claim, or dotted path, whose values are the groups that Kong's acl looks at. Absent means none."},
		{Name: "claims_to_headers", Kind: schema.Array, Default: []string{},
			Elements: &schema.Field{Kind: schema.Object, Record: schema.Record{Fields: []schema.Field{
				claimPathField(),
				{Name: "header", Kind: schema.String, Rules: schema.Rules{Required: true, Match: headerName},
					Doc: "The header's name. Not one that Kong or this plugin sets itself."},
			}}},
			Doc: "Claims that the upstream gets as headers. What the client sent under those names is removed."},
		{Name: "shared_claims", Kind: schema.Array, Default: []string{}, Elements: &schema.Field{Kind: schema.String},
			Doc: "The top-level claims put into kong.ctx.shared.tollgate_claims, where tiered-limit's tier_claim looks."},
		flag("hide_credentials", "Keeps the token from the upstream."),
	}
}

// answerFields say what clients and logs are told.
func answerFields() []schema.Field {
	return []schema.Field{
		{Name: "realm", Kind: schema.String, Default: "kong", Rules: schema.Rules{Required: true, LenMax: 128},
			Doc: "The realm that challenges name. Printable ASCII without quotes and backslashes."},
		{Name: "resource_metadata", Kind: schema.String,
			Doc: "The https URL of the protected resource's metadata (RFC 9728) that challenges name. Absent names none."},
		choice("log_sub", logSubHash, []string{logSubPlain, logSubNone},
			"How tollgate.jwks_verify in Kong's access log shows the claim sub: as the start of its SHA-256 (hash), as it is (plain), or not at all. "+
				"The rest of that log, with the upstream's headers and the credential's id, is not covered: see the README."),
	}
}
