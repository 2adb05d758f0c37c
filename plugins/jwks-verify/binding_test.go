package jwksverify

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"
)

func TestBindings(t *testing.T) {
	der := derOf(t, p256Key())
	sum := sha256.Sum256(der)
	mine := presented{certificate: sum}
	other := presented{certificate: sha256.Sum256([]byte("another"))}
	none := presented{err: errNoCertificate}
	x5t := b64(sum[:])
	bound := members{"x5t#S256": x5t}
	for name, row := range map[string]struct {
		cnf                     any
		client                  presented
		off, optional, required reason
	}{
		"no cnf":                         {nil, none, reasonOK, reasonOK, reasonBinding},
		"no cnf, with a certificate":     {nil, mine, reasonOK, reasonOK, reasonBinding},
		"the client's certificate":       {bound, mine, reasonBinding, reasonOK, reasonOK},
		"another certificate":            {bound, other, reasonBinding, reasonBinding, reasonBinding},
		"no certificate":                 {bound, none, reasonBinding, reasonBinding, reasonBinding},
		"a certificate that is not read": {bound, presented{}, reasonBinding, reasonBinding, reasonBinding},
		"a DPoP key":                     {members{"jkt": x5t}, mine, reasonBinding, reasonBinding, reasonBinding},
		"a DPoP key that is null":        {members{"jkt": (*int)(nil)}, mine, reasonBinding, reasonBinding, reasonBinding},
		"a DPoP key and the certificate": {members{"jkt": x5t, "x5t#S256": x5t}, mine, reasonBinding, reasonBinding, reasonBinding},
		"a jwk":                          {members{"jwk": members{"kty": "oct"}}, mine, reasonBinding, reasonBinding, reasonBinding},
		"a kid":                          {members{"kid": "k1"}, mine, reasonBinding, reasonBinding, reasonBinding},
		"a jku beside the certificate":   {members{"jku": "https://evil.test", "x5t#S256": x5t}, mine, reasonBinding, reasonBinding, reasonBinding},
		"a thumbprint of SHA-1":          {members{"x5t": x5t}, mine, reasonBinding, reasonBinding, reasonBinding},
		"the member in another case":     {members{"X5T#s256": x5t}, mine, reasonBinding, reasonBinding, reasonBinding},
		"an empty object":                {members{}, none, reasonBinding, reasonBinding, reasonBinding},
		"null":                           {(*int)(nil), none, reasonBinding, reasonBinding, reasonBinding},
		"a string":                       {x5t, mine, reasonBinding, reasonBinding, reasonBinding},
		"an empty thumbprint":            {members{"x5t#S256": ""}, presented{}, reasonBinding, reasonBinding, reasonBinding},
		"a thumbprint in hex":            {members{"x5t#S256": hex.EncodeToString(sum[:])}, mine, reasonBinding, reasonBinding, reasonBinding},
		"a thumbprint with padding":      {members{"x5t#S256": x5t + "="}, mine, reasonBinding, reasonBinding, reasonBinding},
		"a thumbprint that is too short": {members{"x5t#S256": x5t[:42]}, mine, reasonBinding, reasonBinding, reasonBinding},
		"a thumbprint that is a number":  {members{"x5t#S256": 1}, mine, reasonBinding, reasonBinding, reasonBinding},
	} {
		token := with(members{"cnf": row.cnf})
		for constraint, want := range map[string]reason{constraintOff: row.off, constraintOptional: row.optional, constraintRequired: row.required} {
			t.Run(name+", "+constraint, func(t *testing.T) {
				p := policyWith(func(c *Config) { c.SenderConstraint = constraint })
				found, r := p.authenticate(token, testKeys(t))
				if r == nil {
					r = p.admit(&found, circumstances{now: testNow, certificate: row.client})
				}
				if v := found.verdict(r); v.reason != want {
					t.Errorf("got %s (%s), want %s", v.reason, v.detail, want)
				}
			})
		}
	}
}

func TestAKeptProofIsComparedWithEachClientsCertificate(t *testing.T) {
	sum := sha256.Sum256(derOf(t, p256Key()))
	p := policyWith(func(c *Config) { c.SenderConstraint = constraintRequired })
	found, r := p.authenticate(with(members{"cnf": members{"x5t#S256": b64(sum[:])}}), testKeys(t))
	if r != nil || !found.binding.bound || !bytes.Equal(found.binding.certificate[:], sum[:]) {
		t.Fatalf("got %+v, %v", found.binding, r)
	}
	if r := p.admit(&found, circumstances{now: testNow, certificate: presented{certificate: sum}}); r != nil {
		t.Error(r)
	}
	sum[0]++
	if r := p.admit(&found, circumstances{now: testNow, certificate: presented{certificate: sum}}); r == nil || r.reason != reasonBinding {
		t.Errorf("another certificate: %v", r)
	}
}

func TestOnlyABoundTokenAsksKongForThePeer(t *testing.T) {
	der := derOf(t, p256Key())
	sum := sha256.Sum256(der)
	bound := with(members{"cnf": members{"x5t#S256": b64(sum[:])}})
	field := []string{certificateForms(der)["URL-encoded PEM"]}
	for name, row := range map[string]struct {
		token, peer string
		certificate []string
		status      int
		asks        bool
	}{
		"a bound token, its certificate by the load balancer": {bound, "10.0.0.1", field, 0, true},
		"a bound token, its certificate by anyone":            {bound, "203.0.113.9", field, 401, true},
		"a bound token, and no certificate":                   {bound, "10.0.0.1", nil, 401, true},
		"a token that is not bound":                           {goodToken(), "203.0.113.9", field, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				k := request(row.token, map[string][]string{"x-client-cert": row.certificate})
				k.PeerIP = row.peer
				out := k.Run(t, w.build(t, members{
					"sender_constraint": "optional", "client_cert_header": "X-Client-Cert", "trusted_peers": []string{"10.0.0.0/8"},
				}))
				status := 0
				if out.Exit != nil {
					status = out.Exit.Status
				}
				if status != row.status || slices.Contains(out.Calls, "kong.client.get_ip") != row.asks {
					t.Errorf("answered %d after %v", status, out.Calls)
				}
			})
		})
	}
}
