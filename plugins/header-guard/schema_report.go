package headerguard

import "tollgate/internal/schema"

// reportFields are those about what is told of a request at fault, and what is known of it.
func reportFields() []schema.Field {
	return []schema.Field{
		{
			Name: "audit_header", Kind: schema.String,
			Doc:   "Header that tells the upstream what was found in a request that passed in audit only. A client's copy is always removed. Absent tells nothing.",
			Rules: schema.Rules{Match: headerName},
		},
		{
			Name: "error_detail", Kind: schema.String, Default: detailFull,
			Doc:   "What a refused client is told of each fault: full (rule, header, reason, place), names (headers only) or none.",
			Rules: schema.Rules{Required: true, OneOf: []string{detailFull, detailNames, detailNone}},
		},
		{
			Name: "audit_sample", Kind: schema.Number, Default: 0.01,
			Doc:   "Share of the audited requests that get a line in Kong's log. The first of each rule and reason in a minute always gets one.",
			Rules: schema.Rules{Required: true, Between: schema.Between(0, 1)},
		},
		{
			Name: "fingerprint_key", Kind: schema.String,
			Doc:           "Key of the fingerprints of values in the log, by which equal values are told. Absent logs none.",
			Rules:         schema.Rules{LenMin: 16},
			Referenceable: true, Encrypted: true,
		},
		witnessField(),
	}
}

func witnessField() schema.Field {
	const minutes10 = 600
	return schema.Field{
		Name: "witness", Kind: schema.Object, Optional: true,
		Doc: "How to read the header in which the load balancer tells which headers it received and sent. Needs trusted_peers. Absent reads none.",
		Record: schema.Record{Fields: []schema.Field{
			{
				Name: "header", Kind: schema.String, Default: "X-F5-Witness",
				Doc:   "Name of that header. It is removed from each request.",
				Rules: schema.Rules{Required: true, Match: headerName},
			},
			{
				Name: "secrets", Kind: schema.Array,
				Doc:      "Keys of its digest. The load balancer signs with the first; the second is accepted too while a key is replaced.",
				Rules:    schema.Rules{Required: true, LenMin: 1, LenMax: 2},
				Elements: &schema.Field{Kind: schema.String, Rules: schema.Rules{LenMin: 32}, Referenceable: true, Encrypted: true},
			},
			{
				Name: "window_seconds", Kind: schema.Integer, Default: 30,
				Doc:   "How far the load balancer's clock may be off, either way.",
				Rules: schema.Rules{Required: true, Between: schema.Between(1, minutes10)},
			},
		}},
	}
}
