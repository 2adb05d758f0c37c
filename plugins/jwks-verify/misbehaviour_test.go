package jwksverify

import (
	"crypto/tls"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tollgate/test/issuer"
)

// goodTraffic wants the kid's key at once, every second for a time; it returns how long a request with
// another kid waited at most, of one every second, and whether that key was found.
func goodTraffic(t *testing.T, keys *keyLease, kid, other string, lasts time.Duration) (waited time.Duration, found bool) {
	t.Helper()
	for end := time.Now().Add(lasts); time.Now().Before(end); time.Sleep(time.Second) {
		start := time.Now()
		set := keys.keys(start)
		if set == nil || !set.kids[kid] || time.Since(start) != 0 {
			t.Fatalf("good traffic saw it: no key for %s, after %s", kid, time.Since(start))
		}
		if !set.kids[other] {
			keys.renewed(t.Context(), set, other, keys.until())
		}
		waited = max(waited, time.Since(start))
		found = keys.keys(time.Now()).kids[other]
	}
	return waited, found
}

// startIssuer returns an issuer and the kid of its key.
func startIssuer(t *testing.T, base string) (*issuer.Issuer, string) {
	t.Helper()
	i, err := issuer.New(issuer.Options{BaseURL: base})
	if err != nil {
		t.Fatal(err)
	}
	token, err := i.Mint(issuer.Token{})
	if err != nil {
		t.Fatal(err)
	}
	parsed, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	kid, _ := parsed.Header["kid"].(string)
	return i, kid
}

// TestAMisbehavingIssuer has the issuer rotate its keys while it misbehaves, with the old ones published
// still: good traffic sees nothing, and the new key is in use soon after the end.
func TestAMisbehavingIssuer(t *testing.T) {
	harmless := map[issuer.Misbehaviour]bool{issuer.Slow: true, issuer.DuplicateIDs: true}
	for _, how := range issuer.Misbehaviours() {
		for _, discovered := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, discovered %t", how, discovered), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					i, kid := startIssuer(t, "http://issuer.test")
					store := storeOn(t, serve(t, i, nil), nil)
					source := plainSource(i.JWKSURL())
					if discovered {
						source.uri, source.issuer = "", i.URL()
					}
					keys := store.leaseOf(t, source)
					time.Sleep(time.Second)
					i.Misbehave(how)
					fresh, err := i.Rotate()
					if err != nil {
						t.Fatal(err)
					}
					waited, found := goodTraffic(t, keys, kid, fresh, 6*time.Minute)
					if waited > testWait || found != harmless[how] {
						t.Errorf("requests with a new kid waited %s, and found its key: %t", waited, found)
					}
					i.Misbehave("")
					if _, found := goodTraffic(t, keys, kid, fresh, coolDown+6*time.Second); !found {
						t.Error("the new key is not in use after the issuer's recovery")
					}
				})
			})
		}
	}
}

func TestAnIssuerThatMisbehavesFromTheStart(t *testing.T) {
	for _, how := range []issuer.Misbehaviour{issuer.Hanging, issuer.Failing, issuer.EmptyKeys, issuer.Redirecting} {
		t.Run(string(how), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				i, kid := startIssuer(t, "http://issuer.test")
				i.Misbehave(how)
				store := storeOn(t, serve(t, i, nil), nil)
				keys := store.leaseOf(t, plainSource(i.JWKSURL()))
				time.Sleep(10 * time.Minute)
				if keys.keys(time.Now()) != nil {
					t.Fatal("there are keys from nowhere")
				}
				i.Misbehave("")
				time.Sleep(lastRetry + 6*time.Second)
				if set := keys.keys(time.Now()); set == nil || !set.kids[kid] {
					t.Error("there are no keys after the issuer's recovery, with nobody asking")
				}
			})
		})
	}
}

func TestARotationWithoutOverlapWithdrawsTheOldKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i, kid := startIssuer(t, "http://issuer.test")
		store := storeOn(t, serve(t, i, nil), nil)
		keys := store.leaseOf(t, plainSource(i.JWKSURL()))
		time.Sleep(time.Second)
		fresh, err := i.Rotate()
		if err != nil {
			t.Fatal(err)
		}
		i.Drop()
		if !keys.renewed(t.Context(), keys.keys(time.Now()), fresh, keys.until()) {
			t.Fatal("the request with the new kid brought no other set")
		}
		if set := keys.keys(time.Now()); set.kids[kid] || !set.kids[fresh] {
			t.Error("the key that was withdrawn is in use, or the new one is not")
		}
	})
}

// TestAServerWhoseCertificateGoesWrong changes the server's certificate and back.
func TestAServerWhoseCertificateGoesWrong(t *testing.T) {
	for name, wrong := range map[string]func(t *testing.T, ours *authority) tls.Certificate{
		"one by an unknown authority": func(t *testing.T, _ *authority) tls.Certificate {
			return newAuthority(t).issue(t, "issuer.test", time.Now().Add(time.Hour))
		},
		"an expired one": func(t *testing.T, ours *authority) tls.Certificate {
			return ours.issue(t, "issuer.test", time.Now().Add(-time.Minute))
		},
		"one for another host": func(t *testing.T, ours *authority) tls.Certificate {
			return ours.issue(t, "elsewhere.test", time.Now().Add(time.Hour))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				i, kid := startIssuer(t, "https://issuer.test")
				ours := newAuthority(t)
				right, bad := ours.issue(t, "issuer.test", time.Now().Add(100*time.Hour)), wrong(t, ours)
				var shown atomic.Pointer[tls.Certificate]
				shown.Store(&right)
				store := storeOn(t, serve(t, i, &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return shown.Load(), nil }}), nil)
				source := testSource(i.JWKSURL())
				source.caCertificates = ours.pem
				keys := store.leaseOf(t, source)
				time.Sleep(time.Second)
				shown.Store(&bad)
				fresh, err := i.Rotate()
				if err != nil {
					t.Fatal(err)
				}
				if _, found := goodTraffic(t, keys, kid, fresh, 6*time.Minute); found {
					t.Error("a key came from a server that we must not trust")
				}
				shown.Store(&right)
				if _, found := goodTraffic(t, keys, kid, fresh, coolDown+6*time.Second); !found {
					t.Error("the new key is not in use after the server's recovery")
				}
			})
		})
	}
}
