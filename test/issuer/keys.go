package issuer

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"
	"time"
)

const keyBits = 2048

type key struct {
	id       string
	private  *rsa.PrivateKey
	replaced time.Time // zero while the key signs
}

func newKey() (*key, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fmt.Errorf("generating key: %w", err)
	}
	return &key{id: rand.Text(), private: private}, nil
}

// Rotate signs with a new key from now on and returns its kid. The key before
// it stays published for Options.Overlap.
func (i *Issuer) Rotate() (kid string, err error) {
	fresh, err := newKey()
	if err != nil {
		return "", err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.keys) > 0 {
		i.keys[0].replaced = i.options.Now()
	}
	i.keys = slices.Insert(i.keys, 0, fresh)
	return fresh.id, nil
}

// Drop withdraws every key but the one that signs.
func (i *Issuer) Drop() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = i.keys[:1]
}

// signer is the key of that kid, or the one that signs now.
func (i *Issuer) signer(kid string) *key {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, k := range i.keys {
		if k.id == kid {
			return k
		}
	}
	return i.keys[0]
}

// PublicKey verifies the tokens that are signed now.
func (i *Issuer) PublicKey() *rsa.PublicKey { return &i.signer("").private.PublicKey }

// published are the keys that verifiers may see now.
func (i *Issuer) published() []*key {
	i.mu.Lock()
	defer i.mu.Unlock()
	limit := i.options.Now().Add(-i.options.Overlap)
	i.keys = slices.DeleteFunc(i.keys, func(k *key) bool { return !k.replaced.IsZero() && k.replaced.Before(limit) })
	return slices.Clone(i.keys)
}

// jwk is a key as PingOne publishes it: without alg.
type jwk struct {
	Type     string `json:"kty"`
	Use      string `json:"use"`
	ID       string `json:"kid"`
	Modulus  string `json:"n"`
	Exponent string `json:"e"`
}

func (k *key) public() jwk {
	encode := base64.RawURLEncoding.EncodeToString
	return jwk{
		Type: "RSA", Use: "sig", ID: k.id,
		Modulus:  encode(k.private.N.Bytes()),
		Exponent: encode(big.NewInt(int64(k.private.E)).Bytes()),
	}
}
