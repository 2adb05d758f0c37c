package jwksverify

import "encoding/json"

// identifier reads from verified claims whose a token is, and what others are to be told. It does not
// change.
type identifier struct {
	config    *Config
	consumers []claimPath
	customIDs map[string]string // the consumer's username or id by custom_id
	userID    claimPath
	groups    claimPath
	targets   []target
}

// target is a header that the upstream gets a claim in.
type target struct {
	claim  claimPath
	header string
}

// identity is what one token says of its owner. It does not change, so that it can be kept with what
// verifying the token came to.
type identity struct {
	// lookups are the questions to Kong for the consumer, in order.
	lookups []lookup
	// credential is the credential's id: the token's client_id, else its sub, else empty.
	credential string
	// fields are headers for the upstream, without those that tell the consumer. What differs from user to
	// user is the last: LuaJIT's hash of what Kong is sent looks at the ends, and else at little.
	fields []headerField
	// tooLong names the headers that are left out, as they would have more than maxField bytes.
	tooLong []string
	// groups are the token's, not nil where groups_claim is set: then it is the token that says them all.
	groups []any
	// shared are the claims for later plugins, nil for none.
	shared map[string]any
	// logged is the member of the access log for a request that passes.
	logged map[string]any
}

// headerField is one header as the upstream gets it.
type headerField struct{ name, value string }

func newIdentifier(c *Config) *identifier {
	i := &identifier{
		config: c, customIDs: map[string]string{},
		userID: newClaimPath(c.UserIDClaim), groups: newClaimPath(c.GroupsClaim),
	}
	for _, name := range c.ConsumerClaims {
		i.consumers = append(i.consumers, newClaimPath(name))
	}
	for _, id := range c.CustomIDs {
		i.customIDs[id.CustomID] = id.Consumer
	}
	for _, t := range c.ClaimsToHeaders {
		i.targets = append(i.targets, target{newClaimPath(t.Claim), t.Header})
	}
	return i
}

// of reads the claims of a token that an issuer's key, named kid, has verified.
func (i *identifier) of(issuer, kid string, c claims) *identity {
	id := &identity{
		lookups: i.lookups(c), credential: c.credentialID(), groups: i.groupsOf(c), shared: i.sharedOf(c),
		logged: loggedIdentity(i.config.LogSub, issuer, kid, c),
	}
	id.tell("X-Credential-Identifier", escaped(id.credential, "%"))
	for _, t := range i.targets {
		if value, found := t.claim.in(c); found {
			id.tell(t.header, claimText(value))
		}
	}
	if i.config.UserIDClaim != "" {
		value, _ := i.userID.in(c)
		id.tell("X-Authenticated-Userid", escaped(nameText(value), "%"))
	}
	return id
}

// tell adds a header, unless there is nothing to tell, or too much: a value that is cut is another value.
func (id *identity) tell(header, text string) {
	switch {
	case len(text) > maxField:
		id.tooLong = append(id.tooLong, header)
	case text != "":
		id.fields = append(id.fields, headerField{header, text})
	}
}

// credentialID is the token's client_id, else its sub, else empty.
func (c claims) credentialID() string {
	if id := c.text("client_id"); id != "" {
		return id
	}
	return c.text("sub")
}

// groupsOf are the names of groups that the claim holds: one, or a list.
func (i *identifier) groupsOf(c claims) []any {
	if i.config.GroupsClaim == "" {
		return nil
	}
	value, _ := i.groups.in(c)
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	groups := []any{}
	for _, element := range list {
		if name := nameText(element); name != "" {
			groups = append(groups, name)
		}
	}
	return groups
}

// nameText is a value that can be a name: a string, or a number as it was written; else empty.
func nameText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// sharedOf are the claims for later plugins, those of them that the token has.
func (i *identifier) sharedOf(c claims) map[string]any {
	var shared map[string]any
	for _, name := range i.config.SharedClaims {
		if value := c[name]; value != nil {
			if shared == nil {
				shared = map[string]any{}
			}
			shared[name] = value
		}
	}
	return shared
}
