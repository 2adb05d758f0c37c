package headerguard

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/internal/plugin"
)

func TestConfigDefaults(t *testing.T) {
	secret := strings.Repeat("s", 32)
	got := configOf(t, `{"rules":[{"header":"X-Tenant"}],"any_of":[{"headers":["Authorization","apikey"]}],
		"trusted_peers":["10.0.0.1"],"witness":{"secrets":["`+secret+`"]}}`)
	want := &Config{
		Mode:            "enforce",
		Rules:           []Rule{{Header: "X-Tenant", Required: true, Status: 400}},
		AnyOf:           []AnyOf{{Headers: []string{"Authorization", "apikey"}, Status: 400}},
		TrustedPeers:    []string{"10.0.0.1"},
		OnUntrustedPeer: "audit",
		SpoofedHeaders:  []string{"X-Consumer-*", "X-Credential-*", "X-Anonymous-Consumer", "X-Authenticated-*"},
		RefuseHopByHop:  true,
		Exempt:          Exempt{Methods: []string{"OPTIONS"}},
		ErrorDetail:     "full",
		AuditSample:     0.01,
		Witness:         &WitnessConfig{Header: "X-F5-Witness", Secrets: []string{secret}, WindowSeconds: 30},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	if got := configOf(t, `{"hosts":["a"]}`); got.Witness != nil {
		t.Errorf("a witness that nobody asked for: %+v", got.Witness)
	}
}

func TestConfigRefuses(t *testing.T) {
	const prefix = "configuration of header-guard: "
	for _, row := range []struct{ name, config, want string }{
		{"nothing to guard", `{}`, "needs at least one of rules, any_of, presets, hosts, trusted_peers"},
		{"empty lists, as Kong refuses them", `{"rules":[],"any_of":{}}`, "rules: must have at least 1 elements, got a list of 0; any_of: must have at least 1 elements, got a list of 0; needs at least one of rules, any_of, presets, hosts, trusted_peers"},
		{"an empty list beside others", `{"rules":[],"hosts":["a"]}`, "rules: must have at least 1 elements, got a list of 0"},
		{"an unknown mode", `{"mode":"warn","rules":[{"header":"a"}]}`, `mode: must be one of enforce, audit, got "warn"`},
		{"an unknown mode of a rule", `{"rules":[{"header":"a","mode":"off"}]}`, `rules[1].mode: must be one of enforce, audit, got "off"`},
		{"an unknown preset", `{"presets":["host","tls"]}`, `presets[2]: must be one of authorization, forwarded, host, tls_offload, got "tls"`},
		{"a rule without a header", `{"rules":[{"match":"x"}]}`, "rules[1].header: is required"},
		{"a header name with a space", `{"rules":[{"header":"x tenant"}]}`, `rules[1].header: must match the Lua pattern ^[%w_-]+$, got "x tenant"`},
		{"a header name that nginx drops", `{"rules":[{"header":"x.tenant"}]}`, `rules[1].header: must match the Lua pattern ^[%w_-]+$, got "x.tenant"`},
		{"a status that is no error", `{"rules":[{"header":"a","status":399},{"header":"b","status":600}]}`,
			"rules[1].status: must be between 400 and 599, got 399; rules[2].status: must be between 400 and 599, got 600"},
		{"an expression that RE2 does not know", `{"rules":[{"header":"a"},{"header":"b","match":"(?=x)"}]}`,
			"rules[2].match: must be an RE2 expression: error parsing regexp: invalid or unsupported Perl syntax: `(?=`"},
		{"an empty expression", `{"rules":[{"header":"a","match":""}]}`, `rules[1].match: must have at least 1 characters, got ""`},
		{"an expression of a path", `{"rules":[{"header":"a","paths":["/x","~/("]}],"exempt":{"paths":["~/[","~/a)|(b"]}}`,
			"rules[1].paths[2]: must be an RE2 expression: error parsing regexp: missing closing ): `^/(`; " +
				"exempt.paths[1]: must be an RE2 expression: error parsing regexp: missing closing ]: `[`; " +
				"exempt.paths[2]: must be an RE2 expression: error parsing regexp: unexpected ): `^/a)|(b`"},
		{"paths that no request has", `{"hosts":["a"],"rules":[{"header":"a","paths":["/caf%C3%A9","/a//b","/a/../b"]}],"exempt":{"paths":["/%61","/a%2fb","/%zz","/."]}}`,
			"rules[1].paths[1]: must be written as Kong's router compares it, got \"/caf%C3%A9\" for \"/caf\u00e9\"; " +
				"rules[1].paths[2]: must be written as Kong's router compares it, got \"/a//b\" for \"/a/b\"; " +
				"rules[1].paths[3]: must be written as Kong's router compares it, got \"/a/../b\" for \"/b\"; " +
				"exempt.paths[1]: must be written as Kong's router compares it, got \"/%61\" for \"/a\"; " +
				"exempt.paths[2]: must be written as Kong's router compares it, got \"/a%2fb\" for \"/a%2Fb\"; " +
				"exempt.paths[3]: must be written as Kong's router compares it, got \"/%zz\" for \"/%zz\"; " +
				"exempt.paths[4]: must be written as Kong's router compares it, got \"/.\" for \"/\""},
		{"a path that is none", `{"rules":[{"header":"a","paths":["x"]}]}`, `rules[1].paths[1]: must match the Lua pattern ^~?/, got "x"`},
		{"an expression that begins anywhere", `{"hosts":["a"],"exempt":{"paths":["~"]}}`, `exempt.paths[1]: must match the Lua pattern ^~?/, got "~"`},
		{"a method in lower case", `{"rules":[{"header":"a","methods":["get"]}]}`, `rules[1].methods[1]: must match the Lua pattern ^[%u_-]+$, got "get"`},
		{"a group of one header", `{"any_of":[{"headers":["a"]}]}`, "any_of[1].headers: must have at least 2 elements, got a list of 1"},
		{"a header in two rules", `{"rules":[{"header":"X-A"},{"header":"b"},{"header":"x-a"}]}`,
			"rules[3].header: must not repeat a header for the same methods and paths, it is in rules[1].header"},
		{"a header twice in a group", `{"any_of":[{"headers":["a","b"]},{"headers":["c","C"]}]}`,
			"any_of[2].headers[2]: must not repeat a header, it is in any_of[2].headers[1]"},
		{"a name twice", `{"rules":[{"name":"a","header":"a"}],"any_of":[{"name":"a","headers":["b","c"]}]}`,
			"any_of.a.name: must not repeat a name, it is in rules.a.name"},
		{"the name of a check", `{"rules":[{"name":"spoofed","header":"a"}]}`,
			"rules.spoofed.name: must not be that of a check of the plugin itself: untrusted_peer, content_length, hop_by_hop, spoofed, hosts, authority, forwarded_for, forwarded_proto, forwarded_host, forwarded_alias"},
		{"the name of a preset's rule", `{"presets":["host","authorization"],"rules":[{"name":"host","header":"a"},{"name":"authorization","header":"Authorization","methods":["POST"]}]}`,
			"rules.host.name: must not be that of the preset's rule, which holds too; rules.authorization.name: must not be that of the preset's rule, which holds too"},
		{"two spellings of a header for the same requests", `{"rules":[{"header":"x_a"},{"name":"b","header":"X-A","methods":["POST"]},{"header":"c-d","paths":["/x"]},{"header":"c_d","paths":["/x"],"required":false}]}`,
			"rules.b.header: must not be another spelling of rules[1].header, no request could meet both; " +
				"rules[4].header: must not be another spelling of rules[3].header, no request could meet both"},
		{"what only the gateway sets", `{"rules":[{"header":"X_Consumer_Id"}],"any_of":[{"headers":["a","x-credential-y"]}]}`,
			`rules[1].header: must not be one of spoofed_headers, with which no request passes, got "X_Consumer_Id"; ` +
				`any_of[1].headers[2]: must not be one of spoofed_headers, with which no request passes, got "x-credential-y"`},
		{"a witness that is refused", `{"trusted_peers":["::1"],"spoofed_headers":["X-F5-*"],"witness":{"secrets":["0123456789abcdef0123456789abcdef"]}}`,
			"witness.header: must not be one of spoofed_headers: what the load balancer sends would be refused"},
		{"what others need, removed", `{"trusted_peers":["::1"],"audit_header":"Authorization","witness":{"header":"X_Forwarded_For","secrets":["0123456789abcdef0123456789abcdef"]}}`,
			`audit_header: must not be one with a meaning of its own, as it is removed from each request, got "Authorization"; ` +
				`witness.header: must not be one with a meaning of its own, as it is removed from each request, got "X_Forwarded_For"`},
		{"more spellings to remove than are worth it", `{"hosts":["a"],"audit_header":"a-b-c_d-e-f"}`,
			`audit_header: must have at most 4 dashes and underscores, as each spelling is removed, got "a-b-c_d-e-f"`},
		{"a refusal of untrusted peers where none is trusted", `{"hosts":["a"],"on_untrusted_peer":"reject"}`, "trusted_peers: is required with on_untrusted_peer reject"},
		{"trusted peers that decide nothing", `{"trusted_peers":["::1"],"on_untrusted_peer":"allow"}`,
			"on_untrusted_peer: must not be allow where nothing but trusted_peers is set, which then has no effect"},
		{"headers that Kong removes", `{"rules":[{"header":"Connection"},{"header":"TE"}],"any_of":[{"headers":["a","Keep-Alive"]}],"audit_header":"Expect"}`,
			`rules[1].header: must not be one that Kong removes from each request, got "Connection"; ` +
				`rules[2].header: must not be one that Kong removes from each request, got "TE"; ` +
				`any_of[1].headers[2]: must not be one that Kong removes from each request, got "Keep-Alive"; ` +
				`audit_header: must not be one that Kong removes from each request, got "Expect"`},
		{"bounds the wrong way round", `{"rules":[{"header":"a","min_length":9,"max_length":8}]}`, "rules[1].max_length: must be at least min_length, 9, got 8"},
		{"what is no network", `{"trusted_peers":["10.0.0.0/8","10.0.0.1/8","f5"],"exempt":{"peers":["10.0.0.0/33"]}}`,
			`trusted_peers[2]: must be an IP address, or a CIDR without host bits, got "10.0.0.1/8"; ` +
				`trusted_peers[3]: must be an IP address, or a CIDR without host bits, got "f5"; ` +
				`exempt.peers[1]: must be an IP address, or a CIDR without host bits, got "10.0.0.0/33"`},
		{"an exemption of all that is trusted", `{"trusted_peers":["10.0.0.0/28","::1"],"exempt":{"peers":["10.0.0.0/8","::1"]}}`,
			"exempt.peers: must not hold all of trusted_peers: no request through the load balancer would be looked at"},
		{"what is no host", `{"hosts":["a.com:80","*","*a.com","a/b"]}`,
			`hosts[1]: must be a host without a port, or *. and a domain, got "a.com:80"; hosts[2]: must be a host without a port, or *. and a domain, got "*"; ` +
				`hosts[3]: must be a host without a port, or *. and a domain, got "*a.com"; hosts[4]: must be a host without a port, or *. and a domain, got "a/b"`},
		{"options that no preset reads", `{"hosts":["a"],"max_hops":2,"forwarded_proto":["https"]}`,
			"max_hops: needs the preset forwarded; forwarded_proto: needs the preset forwarded or tls_offload"},
		{"a star in the middle", `{"hosts":["a"],"spoofed_headers":["X-*-Id"]}`, `spoofed_headers[1]: must match the Lua pattern ^[%w_-]+%*?$, got "X-*-Id"`},
		{"a share above one", `{"hosts":["a"],"audit_sample":2}`, "audit_sample: must be between 0 and 1, got 2"},
		{"a short key", `{"hosts":["a"],"fingerprint_key":"hunter2"}`, "fingerprint_key: must have at least 16 characters, got a value that is not shown"},
		{"a witness without trusted peers", `{"hosts":["a"],"witness":{"secrets":["0123456789abcdef0123456789abcdef"]}}`,
			"trusted_peers: is required with witness, which is taken from them only"},
		{"a witness without a key", `{"trusted_peers":["::1"],"witness":{}}`, "witness.secrets: is required"},
		{"a short secret", `{"trusted_peers":["::1"],"witness":{"secrets":["hunter2"]}}`, "witness.secrets[1]: must have at least 32 characters, got a value that is not shown"},
		{"the same secret twice", `{"trusted_peers":["::1"],"witness":{"secrets":["0123456789abcdef0123456789abcdef","0123456789abcdef0123456789abcdef"]}}`,
			"witness.secrets: must be two different ones"},
		{"rules for what the plugin removes", `{"trusted_peers":["::1"],"audit_header":"X-Audit","witness":{"header":"x_audit","secrets":["0123456789abcdef0123456789abcdef"]},"rules":[{"header":"x-audit","methods":["A"]},{"header":"X_Audit","methods":["B"]},{"header":"X-audit","methods":["C"]}]}`,
			"rules[1].header: must not be audit_header or witness.header, which are removed from each request, nor another spelling; " +
				"rules[2].header: must not be audit_header or witness.header, which are removed from each request, nor another spelling; " +
				"rules[3].header: must not be audit_header or witness.header, which are removed from each request, nor another spelling; " +
				"witness.header: must not be audit_header"},
		{"everything at once", `{"rules":[{"header":"a","match":"("},{"name":"x","header":"A","match":"["}]}`,
			"rules[1].match: must be an RE2 expression: error parsing regexp: missing closing ): `(`; " +
				"rules.x.header: must not repeat a header for the same methods and paths, it is in rules[1].header; " +
				"rules.x.match: must be an RE2 expression: error parsing regexp: missing closing ]: `[`"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := plugin.Decode[Config](Schema(), []byte(row.config))
			if err == nil {
				t.Fatalf("accepted, want\n%s", row.want)
			}
			if diff := cmp.Diff(prefix+row.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestConfigAllowsAnExemptionOfSomeTrustedPeers(t *testing.T) {
	for _, peers := range []string{`"10.0.0.1"`, `"10.0.0.0/29"`, `"192.0.2.1"`, ``} {
		configOf(t, `{"trusted_peers":["10.0.0.0/28"],"exempt":{"peers":[`+peers+`]}}`)
	}
}

func TestConfigAllowsAHeaderSeveralTimesForDifferentRequests(t *testing.T) {
	configOf(t, `{"presets":["authorization"],"rules":[{"header":"x_b","paths":["/c"]},{"header":"x-b","paths":["/d"]},
		{"name":"authorization","header":"Authorization"},{"header":"x-a"},{"header":"x-a","methods":["POST"]},{"header":"x-a","paths":["/b"]}],
		"any_of":[{"headers":["x-a","b"]},{"headers":["x-a","c"]}]}`)
}
