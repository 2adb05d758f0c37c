package guard

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	headerguard "tollgate/plugins/header-guard"
	"tollgate/pluginserver/declarative"
)

// Run explains the request on Stdin, and tells whether it would pass. An error means that it could not be
// judged.
func Run(o Options, env Env) (passes bool, err error) {
	peer, err := o.check()
	if err != nil {
		return false, err
	}
	p, err := running(&o, env)
	if err != nil {
		return false, fmt.Errorf("%s: %s: %w", strings.Join(o.Configs, ", "), headerguard.Name, err)
	}
	d, err := readDump(env.Stdin)
	if err != nil {
		return false, err
	}
	d.Peer = peer
	if o.At.IsZero() {
		o.At = env.Now()
	}
	e, err := explain(env, p, d, o.At)
	if err != nil {
		return false, err
	}
	r := report(p, e, d.refused())
	if o.JSON {
		return r.passes(), r.json(env.Stdout)
	}
	return r.passes(), r.table(env.Stdout)
}

func running(o *Options, env Env) (*declarative.Plugin, error) {
	d, err := declarative.Load(headerguard.Name, o.Configs, env.Lookup)
	if err != nil {
		return nil, err
	}
	return d.Running(declarative.Narrow{Instance: o.Instance, Service: o.Service, Route: o.Route})
}

func explain(env Env, p *declarative.Plugin, d *dump, at time.Time) (headerguard.Explained, error) {
	config, err := configOf(env, p)
	if err != nil {
		return headerguard.Explained{}, fmt.Errorf("%s: %w", p.Where, err)
	}
	d.tell(env)
	e, err := headerguard.Explain(config, d.Request, at)
	if err != nil {
		return e, fmt.Errorf("%s: %w", p.Where, err)
	}
	return e, nil
}

// tell notes what the request is besides.
func (d *dump) tell(env Env) {
	if d.others > 0 {
		env.note("the dump holds more requests (%d); the first one is explained", d.others)
	}
	for _, number := range d.dropped {
		env.note("nginx drops the header in line %d for its name", number)
	}
	if why := d.refused(); why != "" {
		env.note("nginx answers 400 before any plugin sees this request: %s", why)
	}
}

// configOf is the instance's configuration without what cannot be read here and does not decide: the key of
// fingerprints, which are not printed, and the witness where one of its secrets is in a vault.
func configOf(env Env, p *declarative.Plugin) ([]byte, error) {
	config, unread, err := declarative.Resolve(p.Config, env.Lookup)
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(config, &members); err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	if slices.Contains(unread, "fingerprint_key") {
		delete(members, "fingerprint_key")
	}
	if slices.ContainsFunc(unread, func(path string) bool { return strings.HasPrefix(path, "witness.") }) {
		delete(members, "witness")
		env.note("the witness is not read, as its secrets cannot be read here: no place is known")
	}
	return json.Marshal(members)
}
