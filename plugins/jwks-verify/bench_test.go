package jwksverify

import (
	"crypto/sha256"
	"testing"

	"tollgate/internal/httpheader"
)

// BenchmarkAuthenticate is what a token costs that is not remembered.
func BenchmarkAuthenticate(b *testing.B) {
	keys := []*keySet{keysOf(b, jwk("rsa", rsaKey(), nil), jwk("ec", p256Key(), nil), jwk("ec384", p384Key(), nil),
		jwk("ec521", p521Key(), nil), jwk("ed", edKey(), nil)), nil}
	p := testPolicy(algorithms()...)
	for _, row := range []struct {
		alg, kid string
		signer   any
	}{
		{"RS256", "rsa", rsaKey()}, {"PS256", "rsa", rsaKey()}, {"ES256", "ec", p256Key()},
		{"ES384", "ec384", p384Key()}, {"ES512", "ec521", p521Key()}, {"EdDSA", "ed", edKey()},
	} {
		token := mint(header(members{"alg": row.alg, "kid": row.kid}), goodClaims(nil), row.signer)
		b.Run(row.alg, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, r := p.authenticate(token, keys); r != nil {
					b.Fatal(r)
				}
			}
		})
	}
}

// BenchmarkReadSegments is the part of that before the signature.
func BenchmarkReadSegments(b *testing.B) {
	token := goodToken()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readSegments(token); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAdmit is what a token costs that is remembered, but for finding it.
func BenchmarkAdmit(b *testing.B) {
	p := testPolicy()
	found, r := p.authenticate(goodToken(), []*keySet{keysOf(b, jwk("k1", rsaKey(), nil)), nil})
	if r != nil {
		b.Fatal(r)
	}
	b.ReportAllocs()
	for b.Loop() {
		if r := p.admit(&found, circumstances{now: testNow}); r != nil {
			b.Fatal(r)
		}
	}
}

// BenchmarkBearer finds the token in a usual request's headers.
func BenchmarkBearer(b *testing.B) {
	s := newSources([]string{"Authorization"})
	headers := httpheader.FromMap(map[string][]string{"host": {"api"}, "authorization": {"Bearer " + goodToken()}})
	b.ReportAllocs()
	for b.Loop() {
		if _, _, r := s.bearer(headers); r != nil {
			b.Fatal(r)
		}
	}
}

// BenchmarkReadCertificate is what a bound token costs more on each request.
func BenchmarkReadCertificate(b *testing.B) {
	der := derOf(b, rsaKey())
	field := certificateForms(der)["URL-encoded PEM, all of it"]
	b.ReportAllocs()
	for b.Loop() {
		if got, err := readCertificate(field); err != nil || got != sha256.Sum256(der) {
			b.Fatal(err)
		}
	}
}
