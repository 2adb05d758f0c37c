package token

import (
	"fmt"
	"io"
	"os"
	"strings"

	jwksverify "tollgate/plugins/jwks-verify"
	"tollgate/pluginserver/declarative"
)

// Run explains the token on Stdin, and tells whether a request with it would pass. An error means that it
// could not be judged.
func Run(o Options, env Env) (valid bool, err error) {
	if err := o.check(); err != nil {
		return false, err
	}
	d, err := readDocument(&o, env)
	if err != nil {
		return false, err
	}
	p, err := choose(&o, d)
	if err != nil {
		return false, err
	}
	raw, err := readToken(env.Stdin)
	if err != nil {
		return false, err
	}
	if o.At.IsZero() {
		o.At = env.Now()
	}
	explained, err := explain(&o, env, p, raw)
	if err != nil {
		return false, err
	}
	if explained.Reason == reasonOK {
		addConsumer(&explained, d)
	}
	r := report(&o, p, explained)
	if o.JSON {
		return r.Valid, r.json(env.Stdout)
	}
	return r.Valid, r.table(env.Stdout)
}

// explain judges by the configuration of one instance.
func explain(o *Options, env Env, p *declarative.Plugin, raw string) (jwksverify.Report, error) {
	config, unread, err := declarative.Resolve(p.Config, env.Lookup)
	if err != nil {
		return jwksverify.Report{}, fmt.Errorf("%s: %w", p.Where, err)
	}
	if unread != nil {
		_, _ = fmt.Fprintf(env.Diagnostics, "note: not used, as these references cannot be read here: %s\n", strings.Join(unread, ", "))
	}
	var keys func(string) ([]byte, error)
	if o.JWKS != "" {
		body, err := readKeys(o.JWKS)
		if err != nil {
			return jwksverify.Report{}, err
		}
		keys = func(string) ([]byte, error) { return body, nil }
	}
	explained, err := jwksverify.Explain(config, raw, keys, o.At)
	if err != nil {
		return explained, fmt.Errorf("%s: %w", p.Where, err)
	}
	return explained, nil
}

func readKeys(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the key set: %w", err)
	}
	defer func() { _ = f.Close() }()
	body, err := io.ReadAll(io.LimitReader(f, maxInput+1))
	if err != nil {
		return nil, fmt.Errorf("reading the key set: %w", err)
	}
	if len(body) > maxInput {
		return nil, fmt.Errorf("reading the key set: %s has more than %d bytes", path, maxInput)
	}
	return body, nil
}
