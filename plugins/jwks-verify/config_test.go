package jwksverify

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/internal/plugin"
)

const smallest = `{"issuers":[{"issuer":"https://a.test","jwks_uri":"https://a.test/jwks","audiences":["x"]}]}`

func TestDefaults(t *testing.T) {
	got, err := plugin.Decode[Config](Schema(), []byte(smallest))
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Issuers: []Issuer{{
			Issuer: "https://a.test", JWKSURI: "https://a.test/jwks",
			Audiences: []string{"x"}, Algorithms: []string{"RS256", "PS256", "ES256"},
			Typ: []string{"JWT", "at+jwt", "application/at+jwt", "absent"}, Profile: "none",
		}},
		HeaderNames: []string{"Authorization"}, LeewaySeconds: 10,
		RequiredClaims: []RequiredClaim{}, RequiredScopes: []string{}, RequiredScopesMatch: "all", SenderConstraint: "off",
		JWKSRefreshSeconds: 300, JWKSMaxStaleSeconds: 86400, JWKSWaitMS: 500, JWKSTimeoutMS: 5000, TokenCacheSeconds: 300,
		ConsumerClaims: []string{"client_id"}, ConsumerBy: "username", UserIDClaim: "sub",
		ClaimsToHeaders: []ClaimHeader{}, SharedClaims: []string{}, Realm: "kong", LogSub: "hash",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
}

// configOf is the smallest configuration with members replaced, and with members of its issuer replaced.
func configOf(more, issuer members) []byte {
	return mustJSON(without(members{"issuers": []members{without(members{
		"issuer": "https://a.test", "jwks_uri": "https://a.test/jwks", "audiences": []string{"x"},
	}, issuer)}}, more))
}

// configRow is a configuration and what is said of it, all at once; nothing of one that is taken.
type configRow struct {
	config []byte
	want   []string
}

func checkConfigs(t *testing.T, rows map[string]configRow) {
	t.Helper()
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			_, err := plugin.Decode[Config](Schema(), row.config)
			if (err == nil) != (row.want == nil) {
				t.Fatalf("got %v", err)
			}
			for _, want := range row.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in %q", want, err)
				}
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error holds a password")
			}
		})
	}
}

func TestIssuersAreValidated(t *testing.T) {
	issuer := func(more members) []byte { return configOf(nil, more) }
	checkConfigs(t, map[string]configRow{
		"no issuers":                   {[]byte(`{}`), []string{"issuers: is required"}},
		"an empty list of issuers":     {configOf(members{"issuers": []members{}}, nil), []string{"issuers: must have at least 1"}},
		"an issuer with nothing":       {configOf(members{"issuers": []members{{}}}, nil), []string{"issuers[1].issuer: is required", "issuers[1].audiences: is required when insecure_any_audience is false"}},
		"no audience":                  {issuer(members{"audiences": []string{}}), []string{"issuers[1].audiences: must have at least 1"}},
		"any audience":                 {issuer(members{"audiences": nil, "insecure_any_audience": true}), nil},
		"any audience, and one":        {issuer(members{"insecure_any_audience": true}), []string{"issuers[1].audiences: must be absent when insecure_any_audience is set"}},
		"algorithm none":               {issuer(members{"algorithms": []string{"none"}}), []string{"issuers[1].algorithms[1]: must be one of"}},
		"algorithm HS256 beside RS256": {issuer(members{"algorithms": []string{"RS256", "HS256"}}), []string{"issuers[1].algorithms[2]: must be one of"}},
		"an algorithm in lower case":   {issuer(members{"algorithms": []string{"rs256"}}), []string{"issuers[1].algorithms[1]: must be one of"}},
		"no algorithm":                 {issuer(members{"algorithms": []string{}}), []string{"issuers[1].algorithms: must have at least 1"}},
		"all algorithms":               {issuer(members{"algorithms": algorithms()}), nil},
		"no typ":                       {issuer(members{"typ": []string{}}), []string{"issuers[1].typ: must have at least 1"}},
		"a typ that is no media type":  {issuer(members{"typ": []string{"a b"}}), []string{"issuers[1].typ[1]: must match"}},
		"an unknown profile":           {issuer(members{"profile": "oidc"}), []string{"issuers[1].profile: must be one of none, rfc9068"}},
		"rfc9068 with the default typ": {issuer(members{"profile": "rfc9068"}), nil},
		"rfc9068 without its typ":      {issuer(members{"profile": "rfc9068", "typ": []string{"JWT"}}), []string{"issuers[1].typ: must hold at+jwt when profile is rfc9068"}},
		"one issuer twice, one on http": {configOf(members{"issuers": []members{
			{"issuer": "https://a.test", "jwks_uri": "https://a.test/jwks", "audiences": []string{"x"}},
			{"issuer": "https://a.test", "jwks_uri": "http://b.test/jwks", "audiences": []string{"x"}},
		}}, nil), []string{`issuers[2].issuer: must be unique, "https://a.test" stands above`, "issuers[2].jwks_uri: must be https"}},
		"discovery":                           {issuer(members{"jwks_uri": nil}), nil},
		"discovery from what is no URL":       {issuer(members{"jwks_uri": nil, "issuer": "ping"}), []string{"issuers[1].jwks_uri: is required, as metadata cannot be found under the issuer"}},
		"discovery from a URL with a query":   {issuer(members{"jwks_uri": nil, "issuer": "https://a.test?x"}), []string{"issuers[1].jwks_uri: is required"}},
		"discovery over http":                 {issuer(members{"jwks_uri": nil, "issuer": "http://a.test"}), []string{"issuers[1].jwks_uri: is required", "insecure_http"}},
		"discovery over http, told so":        {configOf(members{"insecure_http": true}, members{"jwks_uri": nil, "issuer": "http://a.test"}), nil},
		"an issuer that is no URL, with keys": {issuer(members{"issuer": "ping"}), nil},
	})
}

func TestAddressesAreValidated(t *testing.T) {
	uri := func(address string) []byte { return configOf(nil, members{"jwks_uri": address}) }
	proxy := func(address string) []byte { return configOf(members{"jwks_proxy": address}, nil) }
	metadata := func(address string) []byte { return configOf(members{"resource_metadata": address}, nil) }
	checkConfigs(t, map[string]configRow{
		"a key set over http":            {uri("http://a.test/jwks"), []string{"issuers[1].jwks_uri: must be https, or insecure_http must be set"}},
		"a key set over http, told so":   {configOf(members{"insecure_http": true}, members{"jwks_uri": "http://a.test/jwks"}), nil},
		"a key set in a file":            {uri("file:///etc/jwks"), []string{"issuers[1].jwks_uri: must be an absolute URL"}},
		"a key set over ftp":             {uri("ftp://a.test/jwks"), []string{"issuers[1].jwks_uri: must be an https URL"}},
		"a relative address":             {uri("/jwks"), []string{"issuers[1].jwks_uri: must be an absolute URL"}},
		"a password in the address":      {uri("https://u:hunter2@a.test/jwks"), []string{"issuers[1].jwks_uri: must not hold a user name or a password"}},
		"a fragment":                     {uri("https://a.test/jwks#x"), []string{"issuers[1].jwks_uri: must not have a fragment"}},
		"an empty fragment":              {uri("https://a.test/jwks#"), []string{"issuers[1].jwks_uri: must not have a fragment"}},
		"a space in the address":         {uri("https://a.test/jw ks"), []string{"issuers[1].jwks_uri: must be written in the ASCII of URLs"}},
		"a proxy with a password":        {proxy("http://u:hunter2@proxy.test:3128"), nil},
		"a proxy from a vault":           {proxy("{vault://env/proxy}"), nil},
		"a proxy without a scheme":       {proxy("proxy.test:3128"), []string{"jwks_proxy: must be an absolute URL"}},
		"a proxy over ftp":               {proxy("ftp://u:hunter2@proxy.test"), []string{"jwks_proxy: must be an http, https or socks5 URL"}},
		"a proxy with a path":            {proxy("http://u:hunter2@proxy.test/x"), []string{"jwks_proxy: must have no path"}},
		"metadata of the resource":       {metadata("https://api.test/.well-known/oauth-protected-resource"), nil},
		"metadata over HTTPS":            {metadata("HTTPS://API.test/x"), nil},
		"metadata over http":             {metadata("http://api.test/x"), []string{"resource_metadata: must be an https URL"}},
		"metadata that ends a challenge": {metadata(`https://api.test/x", error="`), []string{"resource_metadata: must be an https URL"}},
	})
}

func TestInstancesAreValidated(t *testing.T) {
	with := func(more members) []byte { return configOf(more, nil) }
	checkConfigs(t, map[string]configRow{
		"a leeway beyond five minutes":      {with(members{"leeway_seconds": 301}), []string{"leeway_seconds: must be between 0 and 300"}},
		"an age of zero":                    {with(members{"max_age_seconds": 0}), []string{"max_age_seconds: must be between 1 and"}},
		"keys that go stale at once":        {with(members{"jwks_refresh_seconds": 300, "jwks_max_stale_seconds": 599}), []string{"jwks_max_stale_seconds: must be at least twice jwks_refresh_seconds, got 599 and 300"}},
		"a claim with an empty name in it":  {with(members{"required_claims": []members{{"claim": "a..b"}}}), []string{"required_claims[1].claim: must not have an empty name"}},
		"a claim without a name":            {with(members{"required_claims": []members{{}}}), []string{"required_claims[1].claim: is required"}},
		"a claim with no values":            {with(members{"required_claims": []members{{"claim": "a", "values": []string{}}}}), []string{"required_claims[1].values: must have at least 1"}},
		"a consumer with no name in it":     {with(members{"consumer_claims": []string{"sub", "a."}}), []string{"consumer_claims[2]: must not have an empty name"}},
		"a user id with no name in it":      {with(members{"userid_claim": ".sub"}), []string{"userid_claim: must not have an empty name"}},
		"groups with no name in them":       {with(members{"groups_claim": "realm..groups"}), []string{"groups_claim: must not have an empty name"}},
		"claims whose names are URLs":       {with(members{"groups_claim": "https://a.test/groups", "consumer_claims": []string{"https://a.test/app"}}), nil},
		"two scopes in one":                 {with(members{"required_scopes": []string{"read write"}}), []string{"required_scopes[1]: must be one scope"}},
		"a scope that ends a challenge":     {with(members{"required_scopes": []string{"ok", `x"`}}), []string{"required_scopes[2]: must be one scope"}},
		"a consumer that cannot be":         {with(members{"consumer_required": true, "consumer_claims": []string{}}), []string{"consumer_claims: must name a claim"}},
		"custom ids without a list":         {with(members{"consumer_by": "custom_id"}), []string{"custom_ids: is required when consumer_by is"}},
		"a list of custom ids without need": {with(members{"custom_ids": []members{{"custom_id": "a", "consumer": "b"}}}), []string{"custom_ids: must be absent unless"}},
		"a custom id twice": {with(members{"consumer_by": "custom_id", "custom_ids": []members{{"custom_id": "a", "consumer": "b"}, {"custom_id": "a", "consumer": "c"}}}),
			[]string{"custom_ids[2].custom_id: must be unique"}},
		"a realm that ends its quotes":   {with(members{"realm": `a", error="x`}), []string{"realm: must be printable ASCII"}},
		"a realm with a line break":      {with(members{"realm": "a\r\nX: y"}), []string{"realm: must be printable ASCII"}},
		"a way to log that is not known": {with(members{"log_sub": "md5"}), []string{"log_sub: must be one of hash, plain, none"}},
		"a field that is not known":      {with(members{"secret": "x"}), []string{"secret: is not a known field"}},
	})
}

func TestHeadersAreValidated(t *testing.T) {
	header := func(name string) []byte {
		return configOf(members{"claims_to_headers": []members{{"claim": "sub", "header": name}}}, nil)
	}
	certificateIn := func(name string, more members) []byte {
		return configOf(without(members{"sender_constraint": "optional", "client_cert_header": name, "trusted_peers": []string{"10.0.0.1"}}, more), nil)
	}
	rows := map[string]configRow{
		"a token where key-auth looks":      {configOf(members{"header_names": []string{"apikey"}}, nil), nil},
		"a claim in a header of the API's":  {header("X-Tenant-Id"), nil},
		"a claim without a name":            {configOf(members{"claims_to_headers": []members{{"claim": "a.", "header": "X-A"}}}, nil), []string{"claims_to_headers[1].claim: must not have an empty name"}},
		"a name that is no token":           {header("X Tenant"), []string{"claims_to_headers[1].header: must match"}},
		"a name that ends the header":       {header("X-A: b\r\nX-B"), []string{"claims_to_headers[1].header: must match"}},
		"two claims in one header":          {configOf(members{"claims_to_headers": []members{{"claim": "a", "header": "X-A-B"}, {"claim": "b", "header": "x_a-b"}}}, nil), []string{"claims_to_headers[2].header: must be another header than that of claims_to_headers[1].header"}},
		"a token in no header":              {configOf(members{"header_names": []string{}}, nil), []string{"header_names: must have at least 1"}},
		"a token in two spellings":          {configOf(members{"header_names": []string{"X-Token", "X_TOKEN"}}, nil), []string{"header_names[2]: must be another header than that of header_names[1]"}},
		"a token in a cookie":               {configOf(members{"header_names": []string{"Cookie"}}, nil), []string{"header_names[1]: must not be a header of the gateway's own"}},
		"a claim in the token's header":     {configOf(members{"header_names": []string{"X-Token"}, "claims_to_headers": []members{{"claim": "a", "header": "x-token"}}}, nil), []string{"claims_to_headers[1].header: must be another header than that of header_names[1]"}},
		"a claim in the certificate's":      {certificateIn("X-Cert", members{"claims_to_headers": []members{{"claim": "a", "header": "X-Cert"}}}), []string{"claims_to_headers[1].header: must be another header than that of client_cert_header"}},
		"a certificate in the host":         {certificateIn("Host", nil), []string{"client_cert_header: must not be a header of the gateway's own"}},
		"Envoy's header for a certificate":  {certificateIn("X-Forwarded-Client-Cert", nil), nil},
		"Envoy's header for a claim's sake": {header("X-Forwarded-Client-Cert"), []string{"claims_to_headers[1].header: must not be"}},
	}
	for _, name := range []string{
		"Host", "CONNECTION", "Content-Length", "Transfer-Encoding", "Authorization", "X-Consumer-ID", "x_consumer_id", "X-Consumer-Groups", "X-Credential-Identifier",
		"X-Authenticated-Userid", "X_Anonymous-Consumer", "X-Forwarded-For", "X-Forwarded_Proto", "X-Real-IP", "X-Kong-Request-Id", "Forwarded", "Via", "Proxy-Authorization",
		"Kong-Debug", "Traceparent", "tracestate", "X-B3-TraceId", "b3", "X_RateLimit-Limit-Minute", "RateLimit", "RateLimit-Reset", "X-Kong-Upstream-Latency", "ApiKey",
	} {
		rows["a claim in "+name] = configRow{header(name), []string{"claims_to_headers[1].header: must not be a header of the gateway's own"}}
	}
	checkConfigs(t, rows)
}

func TestTheSenderConstraintIsValidated(t *testing.T) {
	peers := func(peers ...string) []byte {
		peers = append([]string{}, peers...) // none is an empty list, not null
		return configOf(members{"sender_constraint": "required", "client_cert_header": "X-Cert", "trusted_peers": peers}, nil)
	}
	checkConfigs(t, map[string]configRow{
		"addresses and networks":     {peers("10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "2001:db8::1"), nil},
		"optional, and nothing else": {configOf(members{"sender_constraint": "optional"}, nil), []string{"client_cert_header: is required when sender_constraint is", "trusted_peers: is required"}},
		"required, and nothing else": {configOf(members{"sender_constraint": "required"}, nil), []string{"client_cert_header: is required when sender_constraint is", "trusted_peers: is required"}},
		"off, with all there": {configOf(members{"client_cert_header": "X-Cert", "trusted_peers": []string{"10.0.0.1"}}, nil),
			[]string{"client_cert_header: must be absent while sender_constraint is off", "trusted_peers: must be absent while sender_constraint is off"}},
		"off, with a header":            {configOf(members{"client_cert_header": "X-Cert"}, nil), []string{"client_cert_header: must be absent while sender_constraint is off"}},
		"off, with peers":               {configOf(members{"trusted_peers": []string{"10.0.0.1"}}, nil), []string{"trusted_peers: must be absent while sender_constraint is off"}},
		"an IPv4 network in IPv6":       {peers("::ffff:10.0.0.0/104"), []string{"trusted_peers[1]: must be written as IPv4"}},
		"an IPv4 address in IPv6":       {peers("::ffff:10.0.0.1"), nil},
		"an unknown constraint":         {configOf(members{"sender_constraint": "on"}, nil), []string{"sender_constraint: must be one of off, optional, required"}},
		"no peers":                      {peers(), []string{"trusted_peers: must have at least 1"}},
		"a peer that is a name":         {peers("lb.test"), []string{"trusted_peers[1]: must be an IP address or a network"}},
		"a network beyond 32 bits":      {peers("10.0.0.0/8", "10.0.0.0/33"), []string{"trusted_peers[2]: must be an IP address or a network"}},
		"a network with a host in it":   {peers("10.1.2.3/8"), []string{"trusted_peers[1]: must be a network, such as 10.0.0.0/8"}},
		"everyone":                      {peers("0.0.0.0/0"), []string{"trusted_peers[1]: must not be everyone"}},
		"everyone with an IPv6 address": {peers("::/0"), []string{"trusted_peers[1]: must not be everyone"}},
		"an address with a zone":        {peers("fe80::1%eth0"), []string{"trusted_peers[1]: must be an IP address or a network"}},
	})
}

func TestCertificatesForFetchingAreValidated(t *testing.T) {
	certificate, key := pemOf(t, p256Key())
	_, otherKey := pemOf(t, p384Key())
	checkConfigs(t, map[string]configRow{
		"an authority":                     {configOf(members{"jwks_ca_certificates": certificate}, nil), nil},
		"two authorities":                  {configOf(members{"jwks_ca_certificates": certificate + "\n" + certificate}, nil), nil},
		"an authority from a vault":        {configOf(members{"jwks_ca_certificates": "{vault://env/ca}"}, nil), nil},
		"an authority that is a path":      {configOf(members{"jwks_ca_certificates": "/etc/hunter2.pem"}, nil), []string{"jwks_ca_certificates: must be certificates in PEM"}},
		"an authority and something else":  {configOf(members{"jwks_ca_certificates": certificate + "hunter2"}, nil), []string{"jwks_ca_certificates: must be certificates in PEM"}},
		"a key for an authority":           {configOf(members{"jwks_ca_certificates": key}, nil), []string{"jwks_ca_certificates: must be certificates in PEM"}},
		"a pair":                           {configOf(members{"jwks_client_certificate": certificate, "jwks_client_key": key}, nil), nil},
		"a pair, its key from a vault":     {configOf(members{"jwks_client_certificate": certificate, "jwks_client_key": "{vault://env/key}"}, nil), nil},
		"a certificate without a key":      {configOf(members{"jwks_client_certificate": certificate}, nil), []string{"jwks_client_key: must stand with jwks_client_certificate"}},
		"a key without a certificate":      {configOf(members{"jwks_client_key": key}, nil), []string{"jwks_client_key: must stand with jwks_client_certificate"}},
		"the key of another certificate":   {configOf(members{"jwks_client_certificate": certificate, "jwks_client_key": otherKey}, nil), []string{"jwks_client_certificate: must be a certificate in PEM that jwks_client_key"}},
		"a key that is none, not repeated": {configOf(members{"jwks_client_certificate": certificate, "jwks_client_key": "hunter2"}, nil), []string{"jwks_client_certificate: must be a certificate in PEM"}},
	})
}

func TestAllProblemsAreToldAtOnce(t *testing.T) {
	checkConfigs(t, map[string]configRow{"much": {mustJSON(members{
		"issuers":           []members{{"issuer": "https://a.test", "jwks_uri": "http://a.test", "algorithms": []string{"HS256"}}},
		"header_names":      []string{"a b"},
		"sender_constraint": "required", "trusted_peers": []string{"x"},
		"claims_to_headers": []members{{"claim": "a", "header": "Host"}},
		"required_scopes":   []string{"a b"}, "jwks_client_key": "hunter2", "leeway_seconds": -1,
	}), []string{
		"issuers[1].jwks_uri: must be https", "issuers[1].audiences: is required", "issuers[1].algorithms[1]: must be one of", "header_names[1]: must match",
		"client_cert_header: is required", "trusted_peers[1]: must be", "claims_to_headers[1].header: must not be", "required_scopes[1]: must be",
		"jwks_client_key: must stand", "leeway_seconds: must be between",
	}}})
}
