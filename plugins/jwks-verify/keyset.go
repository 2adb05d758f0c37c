package jwksverify

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

// maxKeys bounds one set.
const maxKeys = 256

// keySet is one answer of a jwks_uri. It does not change.
type keySet struct {
	// fitting holds, for each algorithm, only the keys that may verify it: a kid finds no other key,
	// and the same kid may stand under several algorithms (PingAM).
	fitting map[string]*fitting
	// kids are those of all usable keys.
	kids map[string]bool
	// digest tells two answers apart.
	digest [sha256.Size]byte
	// skipped says why keys of the answer are not used.
	skipped []error
	usable  int
}

// fitting is keyfunc over a store of one algorithm's keys.
type fitting struct {
	keyfunc.Keyfunc
	count int
}

// readKeySet reads a JSON Web Key Set (RFC 7517, section 5). A key that cannot be used is skipped; a
// set without a usable key is an error.
func readKeySet(body []byte) (*keySet, error) {
	var set map[string]json.RawMessage // a struct would take "KEYS" too
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, errors.New("the answer is not a JSON object")
	}
	var keys []json.RawMessage
	if err := json.Unmarshal(set["keys"], &keys); err != nil {
		return nil, errors.New("the answer has no list of keys")
	}
	if len(keys) > maxKeys {
		return nil, fmt.Errorf("the answer has %d keys, more than %d", len(keys), maxKeys)
	}
	s := &keySet{fitting: map[string]*fitting{}, kids: map[string]bool{}, digest: sha256.Sum256(body)}
	for i, raw := range keys {
		if err := s.add(raw); err != nil {
			s.skipped = append(s.skipped, fmt.Errorf("key %d: %w", i+1, err))
		}
	}
	if s.usable == 0 {
		return nil, errors.Join(append([]error{errors.New("the answer has no usable key")}, s.skipped...)...)
	}
	return s, nil
}

func (s *keySet) add(raw json.RawMessage) error {
	key, err := readKey(raw)
	if err != nil {
		return err
	}
	for _, alg := range key.algorithms {
		if err := s.fit(alg, key.jwk); err != nil {
			return err
		}
	}
	s.kids[key.jwk.Marshal().KID] = true
	s.usable++
	return nil
}

func (s *keySet) fit(alg string, key jwkset.JWK) error {
	f := s.fitting[alg]
	if f == nil {
		kf, err := keyfunc.New(keyfunc.Options{Storage: jwkset.NewMemoryStorage()})
		if err != nil {
			return err
		}
		f = &fitting{Keyfunc: kf}
		s.fitting[alg] = f
	}
	f.count++
	return f.Storage().KeyWrite(context.Background(), key)
}

// key returns the key for a token, by its kid, or without a kid the only one that fits its algorithm.
// Where several keys have the kid, the first counts.
func (s *keySet) key(t *jwt.Token, kid string) (any, error) {
	f := s.fitting[t.Method.Alg()]
	switch {
	case kid == "" && f == nil:
		return nil, &refusal{reasonKidUnknown, "no key fits the algorithm"}
	case kid == "" && f.count > 1:
		return nil, &refusal{reasonKidUnknown, "the token names no key, and several fit"}
	case kid != "" && !s.kids[kid]:
		return nil, &refusal{reasonKidUnknown, "the issuer's key set lacks the kid"}
	case f == nil:
		return nil, &refusal{reasonAlg, "the key is not one for the algorithm"}
	}
	key, err := f.Keyfunc.Keyfunc(t)
	if errors.Is(err, jwkset.ErrKeyNotFound) {
		return nil, &refusal{reasonAlg, "the key is not one for the algorithm"}
	}
	return key, err
}
