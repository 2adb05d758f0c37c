package deck

func (p *parser) consumer(n *node) {
	c := &Consumer{Username: n.text("username", ""), CustomID: n.text("custom_id", ""), Tags: n.texts("tags")}
	if c.Username == "" && c.CustomID == "" {
		n.complain("", "at least one of username, custom_id is required")
	}
	name := c.Username
	if name == "" {
		name = "custom_id:" + c.CustomID
	}
	c.ID = p.id(n, "consumers", name)
	p.config.Consumers = append(p.config.Consumers, c)
	for _, child := range n.children("keyauth_credentials") {
		p.key(child, c)
	}
	for _, child := range n.children("plugins") {
		p.plugin(child, scope{consumer: c})
	}
	n.refuseRest()
}

func (p *parser) key(n *node, c *Consumer) {
	k := &Key{Key: n.text("key", ""), Consumer: c}
	if k.Key == "" {
		n.complain("key", "required field missing") // Kong would make one up
	}
	k.ID = p.id(n, "keyauth_credentials", k.Key)
	n.texts("tags")
	p.config.Keys = append(p.config.Keys, k)
	if c == nil {
		if !n.has("consumer") {
			n.complain("consumer", "required field missing")
		}
		p.bindConsumer(n, func(c *Consumer) { k.Consumer = c })
	}
	n.refuseRest()
}
