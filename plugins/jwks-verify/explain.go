package jwksverify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tollgate/internal/plugin"
)

// Report is what verifying one token came to, check by check.
type Report struct {
	// Steps are all checks in their order. After one that failed the others are skipped.
	Steps []Step
	// Reason is ok, or why the token is refused, as the plugin's log and metrics name it.
	Reason string
	// Lookups are the names that Kong would be asked for to find the consumer, in order; nil unless
	// Reason is ok.
	Lookups []Lookup
	// ConsumerRequired tells that a token without a consumer is refused.
	ConsumerRequired bool
}

// Step is one check.
type Step struct {
	Check   string
	Verdict string // StepOK, StepFailed or StepSkipped
	// Detail tells more. It holds what the plugin would log, and nothing of the signature.
	Detail string
}

// The verdicts of a step.
const (
	StepOK      = "ok"
	StepFailed  = "failed"
	StepSkipped = "skipped"
)

// Lookup is one name by which a consumer is looked for. By is username or id, or empty for either.
type Lookup struct{ Name, By string }

// HasID tells whether Kong finds a consumer with this id, which it looks for first.
func (l Lookup) HasID(id string) bool { return strings.EqualFold(id, l.Name) }

// HasUsername tells whether Kong finds a consumer with this username, where none has the name as its id.
func (l Lookup) HasUsername(username string) bool { return username == l.Name }

// Takes tells whether the plugin takes the consumer that Kong found.
func (l Lookup) Takes(id, username string) bool { return lookup{l.Name, l.By}.fits(id, username) }

// Explain verifies a token by the plugin's own code, and tells how that went. config is one instance's, as
// JSON. jwks returns an issuer's key set; nil fetches it as the plugin does. An error is of the
// configuration.
func Explain(config []byte, token string, jwks func(issuer string) ([]byte, error), at time.Time) (Report, error) {
	c, err := plugin.Decode[Config](Schema(), config)
	if err != nil {
		return Report{}, err
	}
	if jwks == nil {
		jwks = func(issuer string) ([]byte, error) { return fetchKeys(&c, issuer) }
	}
	e := explanation{
		Report: Report{Reason: string(reasonOK), ConsumerRequired: c.ConsumerRequired},
		policy: newPolicy(&c), jwks: jwks,
		token: &examination{raw: token, keys: make([]*keySet, len(c.Issuers)), proof: proof{issuer: noIssuer}},
	}
	e.prove()
	e.admit(at)
	if e.Reason == string(reasonOK) {
		for _, l := range newIdentifier(&c).lookups(e.token.claims) {
			e.Lookups = append(e.Lookups, Lookup{l.name, l.by})
		}
	}
	return e.Report, nil
}

// explanation is a Report while it is made.
type explanation struct {
	Report
	policy *policy
	jwks   func(issuer string) ([]byte, error)
	token  *examination
}

// prove takes the steps of authenticate.
func (e *explanation) prove() {
	for _, c := range proving() {
		e.step(c.name, func() *refusal {
			r := c.run(e.policy, e.token)
			if r != nil && r.reason == reasonKeysUnavailable {
				if r = e.fetch(); r == nil {
					r = c.run(e.policy, e.token)
				}
			}
			return r
		})
	}
	if e.Reason == string(reasonOK) {
		e.token.claims = e.token.payload
		e.token.lacking = e.policy.scopes.check(e.token.claims)
	}
}

// fetch gets the keys of the token's issuer, once they are needed.
func (e *explanation) fetch() *refusal {
	body, err := e.jwks(e.policy.issuers[e.token.issuer].issuer)
	if err != nil {
		return &refusal{reasonKeysUnavailable, err.Error()}
	}
	set, err := readKeySet(body)
	if err != nil {
		return &refusal{reasonKeysUnavailable, err.Error()}
	}
	e.token.keys[e.token.issuer] = set
	return nil
}

// admit takes the steps of the policy's admit. The certificate is the client's, whom nobody has seen.
func (e *explanation) admit(at time.Time) {
	for _, c := range standing() {
		if c.name == "certificate" && e.token.binding.bound && e.Reason == string(reasonOK) {
			e.Steps = append(e.Steps, Step{c.name, StepSkipped, "the gateway compares the client's certificate"})
			continue
		}
		e.step(c.name, func() *refusal { return c.run(e.policy, &e.token.proof, circumstances{now: at}) })
	}
}

// step takes one, unless one before it failed.
func (e *explanation) step(name string, run func() *refusal) {
	s := Step{Check: name, Verdict: StepSkipped}
	if e.Reason == string(reasonOK) {
		if r := run(); r != nil {
			e.Reason, s.Verdict, s.Detail = string(r.reason), StepFailed, string(r.reason)+": "+r.detail
		} else {
			s.Verdict, s.Detail = StepOK, e.found(name)
		}
	}
	e.Steps = append(e.Steps, s)
}

// found tells what a check has read.
func (e *explanation) found(check string) string {
	t := e.token
	switch check {
	case "header":
		return fmt.Sprintf("alg %s, kid %s", t.alg, printable(t.kid))
	case "issuer":
		return printable(e.policy.issuers[t.issuer].issuer)
	case "type":
		return t.typ
	case "time":
		return "until " + t.dates.expires.UTC().Format(time.RFC3339)
	}
	return ""
}

// fetchKeys fetches an issuer's key set once. What stands as a reference still is not used: another process
// than Kong cannot read it.
func fetchKeys(c *Config, issuer string) ([]byte, error) {
	i := slices.IndexFunc(c.Issuers, func(one Issuer) bool { return one.Issuer == issuer })
	source := newKeySource(c.Issuers[i], c).withoutReferences()
	transport, err := newTransport(source)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), source.timeout)
	defer cancel()
	doc, err := newFetcher(source, transport, time.Now).fetch(ctx)
	return doc.body, err
}
