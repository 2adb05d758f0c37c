package jwksverify

import (
	"crypto/sha256"
	"crypto/subtle"
)

// thumbprint is the SHA-256 of a certificate's DER encoding.
type thumbprint [sha256.Size]byte

// binding is the key that a token is bound to (RFC 7800).
type binding struct {
	bound       bool
	certificate thumbprint
}

// readBinding reads cnf. A token bound to anything but a certificate is refused: one bound to a DPoP key is
// no bearer token (RFC 9449, section 7.2), and other proofs are not known here.
func readBinding(c claims, constraint string) (binding, *refusal) {
	value, present := c["cnf"]
	switch {
	case !present && constraint == constraintRequired:
		return binding{}, &refusal{reasonBinding, "the token is not bound to a certificate"}
	case !present:
		return binding{}, nil
	}
	members, _ := value.(map[string]any)
	text, _ := members["x5t#S256"].(string)
	switch _, dpop := members["jkt"]; {
	case dpop:
		return binding{}, &refusal{reasonBinding, "the token is bound to a DPoP key, and came as a bearer token"}
	case text == "" || len(members) > 1:
		return binding{}, &refusal{reasonBinding, "the token is bound to something else than a certificate"}
	case constraint == constraintOff:
		return binding{}, &refusal{reasonBinding, "the token is bound to a certificate, and sender_constraint is off"}
	}
	data, err := decodeSegment(text)
	if err != nil || len(data) != sha256.Size {
		return binding{}, &refusal{reasonBinding, "x5t#S256 is not a SHA-256"}
	}
	return binding{bound: true, certificate: thumbprint(data)}, nil
}

// check compares the certificate that the client presented (RFC 8705, section 3).
func (b binding) check(p presented) *refusal {
	switch {
	case !b.bound:
		return nil
	case p.err != nil:
		return &refusal{reasonBinding, p.err.Error()}
	case subtle.ConstantTimeCompare(b.certificate[:], p.certificate[:]) != 1:
		return &refusal{reasonBinding, "the client's certificate is not the token's"}
	}
	return nil
}
