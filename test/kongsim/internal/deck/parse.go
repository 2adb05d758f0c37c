package deck

import (
	"errors"
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"
)

var formats = []string{"1.1", "2.1", "3.0"}

// Parse reads a configuration; the error joins every problem in it.
func Parse(source []byte) (*Config, error) {
	expanded, err := expand(source)
	if err != nil {
		return nil, err
	}
	var document map[string]any
	if err := yaml.Unmarshal(expanded, &document); err != nil {
		return nil, fmt.Errorf("reading yaml: %w", err)
	}
	p := &parser{config: &Config{}, ids: map[string]string{}}
	p.document(newNode("", document, &p.problems))
	return p.config, errors.Join(p.problems...)
}

// parser collects entities first and binds plugins and top-level routes to
// them afterwards, because a file may name an entity before it stands there.
type parser struct {
	config   *Config
	problems []error
	ids      map[string]string // id to the place that has it
	later    []func()
}

func (p *parser) document(n *node) {
	if format := n.text("_format_version", ""); !slices.Contains(formats, format) {
		n.complain("_format_version", "must be one of %q, got %q", formats, format)
	}
	n.get("_comment")
	n.boolean("_transform", true)
	p.info(n)
	for _, child := range n.children("services") {
		p.service(child)
	}
	for _, child := range n.children("routes") {
		p.route(child, nil)
	}
	for _, child := range n.children("consumers") {
		p.consumer(child)
	}
	for _, child := range n.children("keyauth_credentials") {
		p.key(child, nil)
	}
	for _, child := range n.children("plugins") {
		p.plugin(child, scope{})
	}
	n.refuseRest()
	for _, bind := range p.later {
		bind()
	}
}

// info accepts decK's select_tags, which choose what decK manages and mean
// nothing to a gateway.
func (p *parser) info(n *node) {
	members := n.object("_info")
	if members == nil {
		return
	}
	info := newNode("_info", members, n.problems)
	info.texts("select_tags")
	info.refuseRest()
}

// id is the entity's own, or one made of kind and name.
func (p *parser) id(n *node, kind string, name ...string) string {
	id := n.text("id", "")
	if id == "" {
		id = newID(kind, name...)
	} else if !IsUUID(id) {
		n.complain("id", "must be a UUID, got %q", id)
	}
	if other, taken := p.ids[kind+id]; taken {
		n.complain("", "has the same id as %s, because of the same id or name", other)
	}
	p.ids[kind+id] = n.path
	return id
}

// IsUUID is Kong's is_valid_uuid: the shape, whatever the version.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
		if dash != (c == '-') || !dash && !hex {
			return false
		}
	}
	return true
}
