package headerguard

import (
	"fmt"

	"tollgate/internal/schema"
)

// The modes.
const (
	modeEnforce = "enforce"
	modeAudit   = "audit"
)

// What becomes of a request from a peer that is not trusted.
const (
	peerAllow  = "allow"
	peerAudit  = "audit"
	peerReject = "reject"
)

// What a refused client is told.
const (
	detailFull  = "full"
	detailNames = "names"
	detailNone  = "none"
)

// Config is the plugin's configuration. Rules, AnyOf, Presets, Hosts or TrustedPeers hold something.
type Config struct {
	// Mode is enforce, which refuses a request at fault, or audit, which only reports it. Default enforce.
	Mode string `json:"mode"`
	// Rules each demand one header.
	Rules []Rule `json:"rules"`
	// AnyOf each demand one header out of several.
	AnyOf []AnyOf `json:"any_of"`
	// Presets are authorization, forwarded, host and tls_offload: names for rules and checks.
	Presets []string `json:"presets"`
	// TrustedPeers are the load balancer's addresses, as addresses or CIDRs. None trusts nobody and reports nobody.
	TrustedPeers []string `json:"trusted_peers"`
	// OnUntrustedPeer is allow, audit or reject; default audit. It means nothing without TrustedPeers.
	OnUntrustedPeer string `json:"on_untrusted_peer"`
	// Hosts are those that Host, and an absolute target, may name, exact or *.suffix. None takes any.
	Hosts []string `json:"hosts"`
	// MaxHops is the most addresses in X-Forwarded-For, for the preset forwarded; 0 is no limit, the default.
	MaxHops int `json:"max_hops"`
	// ForwardedProto are the values of X-Forwarded-Proto for the presets forwarded and tls_offload, compared byte
	// by byte. None is https.
	ForwardedProto []string `json:"forwarded_proto"`
	// SpoofedHeaders are those that only the gateway sets, names or beginnings of names with a * behind; empty
	// looks for none.
	SpoofedHeaders []string `json:"spoofed_headers"`
	// RefuseHopByHop looks for a Connection that names headers that are meant for the upstream. Default true.
	RefuseHopByHop bool `json:"refuse_hop_by_hop"`
	// Exempt are the requests that need not meet the checks, but for those that protect the gateway.
	Exempt Exempt `json:"exempt"`
	// AuditHeader tells the upstream what was found in a request that only audit let pass. Empty tells nothing.
	AuditHeader string `json:"audit_header"`
	// ErrorDetail is full, names or none; default full.
	ErrorDetail string `json:"error_detail"`
	// AuditSample is the share of audited requests that are logged, 0 to 1, default 0.01, beside the first of
	// each kind in a minute.
	AuditSample float64 `json:"audit_sample"`
	// FingerprintKey keys the fingerprints of values in the log, at least 16 bytes. Empty logs none.
	FingerprintKey string `json:"fingerprint_key"`
	// Witness says how to read what the load balancer tells of a request's headers; nil reads nothing.
	Witness *WitnessConfig `json:"witness"`
}

// Rule demands a header.
type Rule struct {
	// Name is what logs, answers and metrics call the rule; default its place, rules[1].
	Name string `json:"name"`
	// Header is its name, in any case. Required.
	Header string `json:"header"`
	// Required demands that it came. Default true; else only what came is looked at.
	Required bool `json:"required"`
	// Match is an RE2 expression that each of its values must contain; empty accepts any value.
	Match string `json:"match"`
	// OneOf are the values allowed. None accepts any value.
	OneOf []string `json:"one_of"`
	// MinLength and MaxLength bound each value, in bytes; 0 is no bound.
	MinLength int `json:"min_length"`
	MaxLength int `json:"max_length"`
	// MaxCount is the most lines of it that may come; 0 is one, or any number of a header that is a list.
	MaxCount int `json:"max_count"`
	// Status is that of the answer, 400 to 599, default 400.
	Status int `json:"status"`
	// Mode is the rule's own; empty is that of the configuration.
	Mode string `json:"mode"`
	// Methods and Paths are the requests that the rule holds for; none is all.
	Methods []string `json:"methods"`
	Paths   []string `json:"paths"`
}

// AnyOf demands one of several headers.
type AnyOf struct {
	// Name is what logs, answers and metrics call the group; default its place, any_of[1].
	Name string `json:"name"`
	// Headers are their names, at least two. Required.
	Headers []string `json:"headers"`
	// Status, Mode, Methods and Paths are as in Rule.
	Status  int      `json:"status"`
	Mode    string   `json:"mode"`
	Methods []string `json:"methods"`
	Paths   []string `json:"paths"`
}

// Exempt are the requests that need not meet the checks: one of the three suffices.
type Exempt struct {
	// Methods are default OPTIONS: a preflight holds no credentials (Fetch standard, section 3.2.2). It comes the
	// same way as others and has a Host: of the checks of peers, hosts and authority no method is exempt.
	Methods []string `json:"methods"`
	// Paths are written as in Rule.
	Paths []string `json:"paths"`
	// Peers are TCP peers, such as health monitors, as addresses or CIDRs.
	Peers []string `json:"peers"`
}

// ruleName and anyOfName are what a rule is called where it has no name: its place as Kong counts, from one.
func ruleName(i int, r *Rule) string   { return orPlace(r.Name, "rules", i) }
func anyOfName(i int, a *AnyOf) string { return orPlace(a.Name, "any_of", i) }

func orPlace(name, list string, i int) string {
	if name != "" {
		return name
	}
	return fmt.Sprintf("%s[%d]", list, i+1)
}

// elementPath leads to an element of a list as the schema's messages do: by its name where it has one.
func elementPath(list, name string, i int) string {
	if name != "" {
		return schema.Join(list, name)
	}
	return fmt.Sprintf("%s[%d]", list, i+1)
}
