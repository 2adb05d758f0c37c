package jwksverify

import "tollgate/internal/schema"

// keyFields say how issuers' keys are kept, and for how long what they verified.
func keyFields() []schema.Field {
	return []schema.Field{
		amount("jwks_refresh_seconds", 300, 10, 86_400, "How long keys are used before they are fetched again, in seconds; an answer's Cache-Control can shorten it."),
		amount("jwks_max_stale_seconds", 86_400, 60, 2_592_000, "How long after the last good fetch keys are used, in seconds, while the issuer gives no new ones. At least twice jwks_refresh_seconds."),
		amount("jwks_wait_ms", 500, 0, 10_000, "The most that a request waits for keys, in milliseconds; 0 waits for none."),
		amount("jwks_timeout_ms", 5000, 100, 60_000, "The most that one fetch of keys takes, in milliseconds."),
		flag("insecure_http", "Allows key sets over plain http: anyone on the way can then replace the keys."),
		{Name: "jwks_ca_certificates", Kind: schema.String, Referenceable: true,
			Doc: "The authorities, in PEM, by which servers of key sets must be certified. Absent means those of the system."},
		{Name: "jwks_client_certificate", Kind: schema.String, Referenceable: true,
			Doc: "The certificate, in PEM, that the gateway shows to servers of key sets. Needs jwks_client_key. Absent shows none."},
		{Name: "jwks_client_key", Kind: schema.String, Referenceable: true, Encrypted: true,
			Doc: "The key, in PEM, of jwks_client_certificate."},
		{Name: "jwks_proxy", Kind: schema.String, Referenceable: true, Encrypted: true,
			Doc: "The URL of the proxy through which keys are fetched. Absent means HTTPS_PROXY and NO_PROXY of the plugin server's environment."},
		amount("token_cache_seconds", 300, 0, 86_400, "How long a verified token is remembered, in seconds, never past its exp; its times are compared on each request all the same. 0 remembers none."),
	}
}
