package jwksverify

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// jsonWebKey is one usable key of a set.
type jsonWebKey struct {
	kid string
	// algorithms are those that it may verify.
	algorithms []string
	public     crypto.PublicKey
	// der is the public key's encoding, the same for the same key.
	der string
}

// readKey reads one JSON Web Key (RFC 7517, section 4) for the verification of signatures. Certificates
// (x5c, x5u) are not looked at: they prove nothing here. The kid is returned of unusable keys too.
func readKey(raw json.RawMessage) (jsonWebKey, error) {
	object, err := readObject(raw)
	if err != nil {
		return jsonWebKey{}, err
	}
	m := jwkMembers(object)
	kid, err := m.text("kid")
	if err != nil {
		return jsonWebKey{}, err
	}
	if len(kid) > maxKid {
		return jsonWebKey{}, errors.New("its kid is too long")
	}
	key := jsonWebKey{kid: kid}
	if err := m.checkPurpose(); err != nil {
		return key, err
	}
	public, fit, err := m.publicKey()
	if err != nil {
		return key, err
	}
	if alg, present := m["alg"]; present {
		fit = slices.DeleteFunc(fit, func(a string) bool { return a != alg })
	}
	if len(fit) == 0 {
		return key, errors.New("its alg is not one for such a key")
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return key, err
	}
	key.algorithms, key.public, key.der = fit, public, string(der)
	return key, nil
}

// jwkMembers are a key's members, names told apart by case.
type jwkMembers map[string]any

// text is a member that must be a string where it is present.
func (m jwkMembers) text(name string) (string, error) {
	value, present := m[name]
	text, ok := value.(string)
	if present && !ok {
		return "", fmt.Errorf("its %s is not a string", name)
	}
	return text, nil
}

// checkPurpose refuses keys that are not for verifying, or not public.
func (m jwkMembers) checkPurpose() error {
	if use, present := m["use"]; present && use != "sig" {
		return errors.New("its use is not sig")
	}
	if ops, present := m["key_ops"]; present {
		list, _ := ops.([]any)
		if !slices.Contains(list, any("verify")) {
			return errors.New("its key_ops lack verify")
		}
	}
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if _, present := m[name]; present {
			// Whoever can read the set can sign with this key.
			return errors.New("it is a secret or a private key, published")
		}
	}
	return nil
}

// publicKey returns the key, and the algorithms that such a key can be used with.
func (m jwkMembers) publicKey() (crypto.PublicKey, []string, error) {
	kty, err := m.text("kty")
	if err != nil {
		return nil, nil, err
	}
	switch kty {
	case "RSA":
		return m.rsaKey()
	case "EC":
		return m.ecKey()
	case "OKP":
		return m.edwardsKey()
	}
	return nil, nil, errors.New("its kty is not that of a public key we know")
}
