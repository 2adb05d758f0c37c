package jwksverify

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/MicahParks/jwkset"
)

// verificationKey is a public key with the algorithms that it may verify.
type verificationKey struct {
	jwk        jwkset.JWK
	algorithms []string
}

// readKey reads one JSON Web Key (RFC 7517, section 4) for the verification of signatures. Only the
// members that such a key needs reach jwkset: certificates (x5c, x5u) prove nothing here.
func readKey(raw json.RawMessage) (verificationKey, error) {
	if err := checkObject(raw); err != nil {
		return verificationKey{}, err
	}
	var members map[string]any
	if err := json.Unmarshal(raw, &members); err != nil {
		return verificationKey{}, errNotJSON
	}
	if err := checkPurpose(members); err != nil {
		return verificationKey{}, err
	}
	jwk, err := publicKey(members)
	if err != nil {
		return verificationKey{}, err
	}
	fit, err := algorithmsOf(jwk.Key())
	if err != nil {
		return verificationKey{}, err
	}
	if alg, present := members["alg"]; present {
		fit = slices.DeleteFunc(fit, func(a string) bool { return a != alg })
	}
	if len(fit) == 0 {
		return verificationKey{}, errors.New("its alg is not one for such a key")
	}
	return verificationKey{jwk, fit}, nil
}

// checkPurpose refuses keys that are not for verifying, or not public.
func checkPurpose(members map[string]any) error {
	if use, present := members["use"]; present && use != "sig" {
		return errors.New("its use is not sig")
	}
	if ops, present := members["key_ops"]; present {
		list, _ := ops.([]any)
		if !slices.Contains(list, any("verify")) {
			return errors.New("its key_ops lack verify")
		}
	}
	if members["d"] != nil || members["k"] != nil {
		// Whoever can read the set can sign with this key.
		return errors.New("it is a secret or a private key, published")
	}
	return nil
}

func publicKey(members map[string]any) (jwkset.JWK, error) {
	var m jwkset.JWKMarshal
	for name, into := range map[string]*string{
		"kty": (*string)(&m.KTY), "kid": &m.KID, "alg": (*string)(&m.ALG), "crv": (*string)(&m.CRV),
		"x": &m.X, "y": &m.Y, "n": &m.N, "e": &m.E,
	} {
		value, present := members[name]
		text, ok := value.(string)
		if present && !ok {
			return jwkset.JWK{}, fmt.Errorf("its %s is not a string", name)
		}
		*into = text
	}
	if len(m.KID) > maxKid {
		return jwkset.JWK{}, errors.New("its kid is too long")
	}
	jwk, err := jwkset.NewJWKFromMarshal(m, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return jwkset.JWK{}, errors.New("its type or its parameters are not those of a public key")
	}
	return jwk, nil
}
