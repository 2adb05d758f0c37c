package quota

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tollgate/pluginserver/declarative"
)

// fromFlag is the origin of an id that the operator gave.
const fromFlag declarative.Origin = "flag"

// subject is the target as it was found.
type subject struct {
	target
	id string
	// consumer is nil where the target is none, or nothing is known of one.
	consumer *declarative.Consumer
	// untagged tells that the consumer's tags are not known.
	untagged bool
}

func (f *finder) subject(ctx context.Context, t target) (s subject, err error) {
	s = subject{target: t, id: t.name}
	switch t.kind {
	case credential:
		i := slices.IndexFunc(f.document.Consumers, func(c *declarative.Consumer) bool { return c.Holds(t.name) })
		if s.untagged = i < 0; !s.untagged {
			s.consumer = f.document.Consumers[i]
		}
	case consumer:
		err = f.consumer(ctx, &s)
	}
	return s, err
}

// canonical writes an id as Kong does, whose letters are small: a key is its bytes.
func canonical(id string) string {
	if declarative.IsUUID(id) {
		return strings.ToLower(id)
	}
	return id
}

// caveats are what an operator must know of how the subject was found; the report has it as id_source.
func (s subject) caveats() []string {
	if s.kind != consumer || s.consumer.Origin != declarative.Derived {
		return nil
	}
	return []string{fmt.Sprintf("the id of %q is as Kong derives it without a database; after deck gateway sync say --admin-url or --consumer-id", s.name)}
}

// requesters are the consumers whose requests may be the subject's, each of which may have an instance of
// its own; nil is all others, and requests without one. Anybody may call from an address, and with a
// credential that the files do not know.
func (s subject) requesters(d *declarative.Document) []*declarative.Consumer {
	if s.consumer != nil {
		return []*declarative.Consumer{s.consumer}
	}
	found := []*declarative.Consumer{nil}
	for _, p := range d.Plugins {
		if !slices.Contains(found, p.Consumer) {
			found = append(found, p.Consumer)
		}
	}
	return found
}

// consumer finds it in the files, in Kong, or in what the operator said, the later outranking the former.
func (f *finder) consumer(ctx context.Context, s *subject) error {
	c := f.document.Consumer(s.name)
	s.untagged = c == nil
	if c == nil && len(f.options.Configs) == 0 && declarative.IsUUID(s.name) {
		c = &declarative.Consumer{Entity: declarative.Entity{ID: canonical(s.name), Origin: fromFlag}}
	}
	if f.admin != nil {
		found, err := f.admin.consumer(ctx, s.name)
		if err != nil {
			return err
		}
		if c = f.merged(c, found); found != nil {
			s.untagged = false
		}
	}
	if f.options.ConsumerID != "" {
		if c == nil {
			c = &declarative.Consumer{Entity: declarative.Entity{Name: s.name}}
		}
		c.ID, c.Origin = canonical(f.options.ConsumerID), fromFlag
	}
	if c == nil {
		return f.unknown(s.name)
	}
	if c.ID == "" {
		return fmt.Errorf("the consumer %q has neither an id nor a username: Kong gives it another id each time it reads the file; "+
			"say --consumer-id, or ask Kong with --admin-url", s.name)
	}
	s.consumer, s.id = c, c.ID
	return nil
}

// merged is the consumer as Kong has it, where it has one, bound to plugins as the files say.
func (f *finder) merged(c *declarative.Consumer, found *entity) *declarative.Consumer {
	if found == nil {
		return nil
	}
	for _, name := range []string{found.Username, found.ID} {
		if c == nil && name != "" {
			c = f.document.Consumer(name)
		}
	}
	if c == nil {
		c = &declarative.Consumer{}
	}
	c.ID, c.Origin, c.Name, c.CustomID, c.Tags = found.ID, fromAdmin, found.Username, found.CustomID, found.Tags
	return c
}

func (f *finder) unknown(name string) error {
	switch {
	case f.admin != nil:
		return fmt.Errorf("kong has no consumer with the username, custom_id or id %q", name)
	case len(f.options.Configs) == 0:
		return fmt.Errorf("%q is not an id: without --config, the consumer's id is needed, or --admin-url to ask Kong for it", name)
	}
	return fmt.Errorf("%s: no consumer with the username, custom_id or id %q; one that is only in Kong's database is found with --admin-url",
		strings.Join(f.options.Configs, ", "), name)
}
