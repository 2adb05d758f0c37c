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
			Fields: append(append([]schema.Field{
				modeField(),
				rulesField(),
				anyOfField(),
				filled(listField("presets", "Names for rules and checks: what each stands for is below.",
					schema.Rules{OneOf: []string{presetAuthorization, presetForwarded, presetHost, presetTLSOffload}})),
			}, requestFields()...), reportFields()...),
			Checks: []schema.Check{{AtLeastOneOf: []string{"rules", "any_of", "presets", "hosts", "trusted_peers"}}},
		},
	}
}

func modeField() schema.Field {
	return schema.Field{
		Name: "mode", Kind: schema.String, Default: modeEnforce,
		Doc:   "Whether a request at fault is refused (enforce) or only reported (audit).",
		Rules: schema.Rules{Required: true, OneOf: []string{modeEnforce, modeAudit}},
	}
}

// listField is a list of texts, each of which keeps the rules.
func listField(name, doc string, each schema.Rules) schema.Field {
	return schema.Field{
		Name: name, Kind: schema.Array, Doc: doc,
		Elements: &schema.Field{Kind: schema.String, Rules: each},
	}
}

// filled is a list that is absent rather than empty: whoever writes one down means something by it.
func filled(f schema.Field) schema.Field {
	f.LenMin = 1
	return f
}

// requestFields are those about the request beside its rules.
func requestFields() []schema.Field {
	const mostHops = 1000
	return []schema.Field{
		filled(listField("trusted_peers", "Addresses or CIDRs of the load balancer, compared with the TCP peer. Absent watches no peers.", schema.Rules{})),
		{
			Name: "on_untrusted_peer", Kind: schema.String, Default: peerAudit,
			Doc:   "What becomes of a request from another peer than trusted_peers; in mode audit reject only reports.",
			Rules: schema.Rules{Required: true, OneOf: []string{peerAllow, peerAudit, peerReject}},
		},
		filled(listField("hosts", "Hosts that Host may name, and an absolute target too, without a port, exact or *.suffix. Absent accepts any.", schema.Rules{})),
		{
			Name: "max_hops", Kind: schema.Integer,
			Doc:   "Most addresses in X-Forwarded-For, for the preset forwarded. Absent is no limit.",
			Rules: schema.Rules{Between: schema.Between(1, mostHops)},
		},
		listField("forwarded_proto", "Values of X-Forwarded-Proto for the presets forwarded and tls_offload, compared byte by byte, as Kong does. Absent is https.", schema.Rules{}),
		spoofedField(),
		{
			Name: "refuse_hop_by_hop", Kind: schema.Boolean, Default: true,
			Doc:   "Whether a Connection that names headers meant for the upstream is a fault (CVE-2026-6338).",
			Rules: schema.Rules{Required: true},
		},
		exemptField(),
	}
}

func spoofedField() schema.Field {
	f := listField("spoofed_headers", "Headers that only the gateway sets; a * stands for any ending, and _ for -. An empty list looks for none.",
		schema.Rules{Match: "^[%w_-]+%*?$"})
	f.Default = []string{"X-Consumer-*", "X-Credential-*", "X-Anonymous-Consumer", "X-Authenticated-*"}
	f.Required = true
	return f
}

func exemptField() schema.Field {
	methods := methodsField("Methods of requests that need not meet the checks.")
	methods.Default = []string{"OPTIONS"}
	peers := listField("peers", "Addresses or CIDRs of TCP peers, such as health monitors, whose requests need not meet the checks.", schema.Rules{})
	return schema.Field{
		Name: "exempt", Kind: schema.Object,
		Doc: "Requests that need not meet the checks: one of these suffices. content_length, hop_by_hop and spoofed hold for them too, untrusted_peer, hosts and authority for those exempt by method.",
		Record: schema.Record{Fields: []schema.Field{
			methods, pathsField("Paths of requests that need not meet the checks, as in rules[].paths."), peers,
		}},
	}
}
