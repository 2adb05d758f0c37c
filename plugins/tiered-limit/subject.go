package tieredlimit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"tollgate/internal/kong"
)

// What requests are counted by, as the option limit_by names it.
const (
	byConsumer   = "consumer"
	byCredential = "credential"
	byIP         = "ip"
)

// What becomes of requests that nobody is known to make, as the option on_no_consumer names it.
const (
	anonymousIP     = "ip"
	anonymousReject = "reject"
	anonymousSkip   = "skip"
)

// subjects says whose count a request debits.
type subjects struct {
	limitBy     string
	onAnonymous string
	scope       string
	prefix      string // of every key: the namespace, and the kind of place where counts are apart by place
	hasOwnTier  bool   // no consumer's tags are needed
}

func newSubjects(c Config) subjects {
	s := subjects{limitBy: c.LimitBy, onAnonymous: c.OnNoConsumer, scope: c.Scope, prefix: c.Namespace + ":", hasOwnTier: c.Tier != ""}
	if s.scope != scopeConsumer {
		s.prefix += s.scope + ":"
	}
	return s
}

// subject is whose count one request debits.
type subject struct {
	// kind is consumer, credential or ip; empty where nobody is known and an address does not do.
	kind string
	// id is the consumer's or the credential's. An address is asked for with the key: a tier without
	// limits needs none.
	id string
	// consumer is who makes the request, as far as Kong had to be asked.
	consumer kong.Consumer
}

// expect says what is asked for besides the consumer. An address that counts only for want of a consumer is not: most
// requests have one.
func (s *subjects) expect(r *kong.Request) {
	if !s.hasOwnTier {
		switch s.limitBy {
		case byIP:
			r.ExpectForwardedIP()
		case byCredential:
			r.ExpectCredential()
		}
	}
	expectPlace(r, s.scope)
}

// of asks Kong who makes the request: for the consumer where its tags or its id are needed, for the
// credential where that counts.
func (s *subjects) of(r *kong.Request) (found subject, err error) {
	if !s.hasOwnTier {
		if found.consumer, err = r.Consumer(); err != nil {
			return found, err
		}
	}
	switch s.limitBy {
	case byIP:
		found.kind = byIP
		return found, nil
	case byCredential:
		credential, err := r.Client.GetCredential()
		if err != nil {
			return found, fmt.Errorf("asking for the credential: %w", err)
		}
		if credential.Id != "" {
			found.kind, found.id = byCredential, credential.Id
			return found, nil
		}
	}
	err = s.byConsumer(r, &found)
	return found, err
}

// byConsumer counts for the consumer; without one, for the client's address or for nobody.
func (s *subjects) byConsumer(r *kong.Request, found *subject) (err error) {
	if s.hasOwnTier { // else it was asked for
		if found.consumer.ID = r.Scope.ConsumerID; found.consumer.ID == "" {
			if found.consumer, err = r.Consumer(); err != nil {
				return err
			}
		}
	}
	if found.consumer.ID != "" {
		found.kind, found.id = byConsumer, found.consumer.ID
	} else if s.onAnonymous == anonymousIP {
		found.kind = byIP
	}
	return nil
}

// key names the count that the subject's request debits.
func (s *subjects) key(r *kong.Request, of subject) (string, error) {
	if of.kind == byIP {
		ip, err := r.Client.GetForwardedIp()
		if err != nil {
			return "", fmt.Errorf("asking for the client's address: %w", err)
		}
		of.id = ip
	}
	place, err := placeOf(r, s.scope)
	if err != nil {
		return "", err
	}
	return s.keyAt(place, of.kind, of.id), nil
}

// keyAt names a count at a place, for which scope consumer has no use.
func (s *subjects) keyAt(place, kind, id string) string {
	if s.scope == scopeConsumer {
		return s.prefix + kind + ":" + keyed(id)
	}
	return s.prefix + place + ":" + kind + ":" + keyed(id)
}

// longestID is the longest id that stands in a key as it is, in bytes.
const longestID = 512

// keyed is an id as it stands in a key: what is remembered by key is bounded in number, so a key must be in length.
// No id that is written out begins with a percent sign and an s.
func keyed(id string) string {
	if len(id) <= longestID {
		return braceless(id)
	}
	sum := sha256.Sum256([]byte(id))
	return "%sha256:" + hex.EncodeToString(sum[:])
}

// braceless keeps an id from ending the hash tag that it stands in: one that comes from a token's claim
// may hold any character. Different ids stay different.
func braceless(id string) string {
	if !strings.ContainsAny(id, "{}%") {
		return id
	}
	return strings.NewReplacer("%", "%25", "{", "%7B", "}", "%7D").Replace(id)
}
