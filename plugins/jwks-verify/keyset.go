package jwksverify

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

const (
	// maxKeys bounds one set.
	maxKeys = 256
	// maxTwins bounds the keys that one kid offers to one algorithm: a token with a bad signature is
	// tried with each.
	maxTwins = 4
)

// verifyKey is a key that may verify the algorithm that it was asked for.
type verifyKey struct{ public crypto.PublicKey }

// generation tells sets apart by what they hold.
type generation [sha256.Size]byte

// keySet is one answer of a jwks_uri. It does not change.
type keySet struct {
	// fitting holds, for each algorithm, only the keys that may verify it: a kid finds no other key,
	// and the same kid may stand under several algorithms (PingAM).
	fitting map[string]*fitting
	// kids are those of all keys, also of those that are of no use here: there is no point in
	// fetching anew for a kid that the set has.
	kids map[string]bool
	// generation is the same for the same usable keys, in whatever order and form they came.
	generation generation
	// skipped says why keys of the answer are not used.
	skipped []error
	usable  int
}

// fitting are one algorithm's keys.
type fitting struct {
	byKid map[string][]verifyKey
	all   []verifyKey
}

// readKeySet reads a JSON Web Key Set (RFC 7517, section 5). A key that cannot be used is skipped; a
// set without a usable key is an error.
func readKeySet(body []byte) (*keySet, error) {
	keys, err := listOfKeys(body)
	if err != nil {
		return nil, err
	}
	if len(keys) > maxKeys {
		return nil, fmt.Errorf("the answer has %d keys, more than %d", len(keys), maxKeys)
	}
	s := &keySet{fitting: map[string]*fitting{}, kids: map[string]bool{}}
	var prints []string
	for i, raw := range keys {
		key, err := readKey(raw)
		if key.kid != "" {
			s.kids[key.kid] = true
		}
		if err == nil {
			err = s.add(key)
		}
		if err != nil {
			s.skipped = append(s.skipped, fmt.Errorf("key %d: %w", i+1, err))
			continue
		}
		prints = append(prints, key.print())
	}
	if s.usable == 0 {
		return nil, fmt.Errorf("the answer has no usable key: %s", strings.Join(reasons(s.skipped), "; "))
	}
	slices.Sort(prints)
	s.generation = sha256.Sum256([]byte(strings.Join(slices.Compact(prints), "")))
	return s, nil
}

// listOfKeys returns the member keys of what must be one JSON object and nothing else. It reads member
// by member: json.Unmarshal would take the last of two lists, and into a struct "KEYS" too.
func listOfKeys(body []byte) ([]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return nil, errors.New("the answer is not a JSON object")
	}
	var found []json.RawMessage
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, errors.New("the answer is not JSON")
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, errors.New("the answer is not JSON")
		}
		if name != "keys" {
			continue
		}
		if found != nil {
			return nil, errors.New("the answer has several lists of keys")
		}
		if err := json.Unmarshal(value, &found); err != nil || found == nil {
			return nil, errors.New("the answer's keys are no list")
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, errors.New("the answer is cut off")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the answer goes on after the JSON object")
	}
	if found == nil {
		return nil, errors.New("the answer has no list of keys")
	}
	return found, nil
}

// print is the key as the generation sees it.
func (k jsonWebKey) print() string {
	return fmt.Sprintf("%q %q %q\n", k.kid, k.algorithms, k.der)
}

func (s *keySet) add(key jsonWebKey) error {
	added := false
	for _, alg := range key.algorithms {
		if s.fitting[alg] == nil {
			s.fitting[alg] = &fitting{byKid: map[string][]verifyKey{}}
		}
		added = s.fitting[alg].add(key) || added
	}
	if !added {
		return errors.New("its kid has this key already, or enough others")
	}
	s.usable++
	return nil
}

// add tells whether the key is of use beside those before it.
func (f *fitting) add(key jsonWebKey) bool {
	twins := f.byKid[key.kid]
	known := slices.ContainsFunc(twins, func(twin verifyKey) bool { return same(twin.public, key.public) })
	if known || len(twins) == maxTwins {
		return false
	}
	f.byKid[key.kid] = append(twins, verifyKey{key.public})
	f.all = append(f.all, verifyKey{key.public})
	return true
}

func same(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool }) // all of the standard library's have it
	return ok && key.Equal(b)
}

// candidates are the keys that may verify a token with the algorithm and the kid, to be tried in order.
// A token without a kid gets a key only where no other key of the set fits its algorithm. known tells that
// the set has the kid, so that keys that do not fit are told from keys that are not there.
func (s *keySet) candidates(alg, kid string) (keys []verifyKey, known bool) {
	f := s.fitting[alg]
	switch {
	case f == nil:
		return nil, s.kids[kid]
	case kid != "":
		return f.byKid[kid], s.kids[kid]
	case len(f.all) == 1:
		return f.all, true
	}
	return nil, false
}
