package headerguard

import "tollgate/internal/schema"

// Name is the plugin's name in Kong.
const Name = "header-guard"

// headerName is a RFC 9110 token of the characters that nginx lets through: it drops a header whose
// name holds any other (ignore_invalid_headers), so that a rule for it could never be satisfied.
const headerName = "^[%w_-]+$"

// Schema declares the plugin's configuration.
func Schema() schema.Plugin {
	return schema.Plugin{
		Name:       Name,
		Protocols:  []string{"grpc", "grpcs", "http", "https"},
		NoConsumer: true,
		Config: schema.Record{
			Fields: []schema.Field{modeField(), rulesField(), anyOfField()},
			Checks: []schema.Check{{AtLeastOneOf: []string{"rules", "any_of"}}},
		},
	}
}

func modeField() schema.Field {
	return schema.Field{
		Name: "mode", Kind: schema.String, Default: modeEnforce,
		Doc:   "Whether a request that violates a rule is refused (enforce) or only reported (audit).",
		Rules: schema.Rules{Required: true, OneOf: []string{modeEnforce, modeAudit}},
	}
}

func rulesField() schema.Field {
	return schema.Field{
		Name: "rules", Kind: schema.Array,
		Doc: "Headers that a request must hold, each in one rule at most.",
		Elements: &schema.Field{Kind: schema.Object, Record: schema.Record{Fields: []schema.Field{
			{
				Name: "header", Kind: schema.String,
				Doc:   "Name of the header, in any case. X_Api_Key does not stand for X-Api-Key.",
				Rules: schema.Rules{Required: true, Match: headerName},
			},
			{
				Name: "match", Kind: schema.String,
				Doc: "RE2 expression that each value of the header must match, anchored only by ^ and $. Absent accepts any value that is not blank.",
			},
			statusField(),
		}}},
	}
}

func anyOfField() schema.Field {
	return schema.Field{
		Name: "any_of", Kind: schema.Array,
		Doc: "Groups of headers of which a request must hold at least one.",
		Elements: &schema.Field{Kind: schema.Object, Record: schema.Record{Fields: []schema.Field{
			{
				Name: "headers", Kind: schema.Array,
				Doc:      "Names of the headers, at least two, in any case.",
				Rules:    schema.Rules{Required: true, LenMin: 2},
				Elements: &schema.Field{Kind: schema.String, Rules: schema.Rules{Match: headerName}},
			},
			statusField(),
		}}},
	}
}

func statusField() schema.Field {
	return schema.Field{
		Name: "status", Kind: schema.Integer, Default: 400,
		Doc:   "HTTP status of the answer if this is the first rule that is violated; 401 comes with a WWW-Authenticate.",
		Rules: schema.Rules{Required: true, Between: schema.Between(400, 599)},
	}
}
