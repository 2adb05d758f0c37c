package jwksverify

import "testing"

func BenchmarkVerify(b *testing.B) {
	set := keysOf(b, jwk("RS256", rsaKey(), nil), jwk("PS256", rsaKey(), nil), jwk("ES256", p256Key(), nil))
	signers := map[string]any{"RS256": rsaKey(), "PS256": rsaKey(), "ES256": p256Key()}
	for alg, signer := range signers {
		token := mint(header(members{"alg": alg, "kid": alg}), goodClaims(nil), signer)
		p := testPolicy()
		b.Run(alg, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if v := p.verify(token, []*keySet{set, nil}, testNow); v.reason != reasonOK {
					b.Fatal(v.reason)
				}
			}
		})
	}
}
