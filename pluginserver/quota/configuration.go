package quota

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	tieredlimit "tollgate/plugins/tiered-limit"
	"tollgate/pluginserver/declarative"
)

// readDocument reads the files of the configuration, or makes one of the flags.
func readDocument(o *Options, env Env) (*declarative.Document, error) {
	if len(o.Configs) == 0 {
		return o.Flat.document(o.Tier)
	}
	var sources []declarative.Source
	for _, path := range o.Configs {
		source, err := readFile(path, env.Stdin)
		if err != nil {
			return nil, fmt.Errorf("reading the configuration: %w", err)
		}
		rendered, err := declarative.Render(source, env.Lookup)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		sources = append(sources, declarative.Source{Name: path, Text: rendered})
	}
	d, err := declarative.Parse(tieredlimit.Name, sources...)
	if err == nil && len(d.Plugins)+len(d.Grouped) == 0 {
		err = fmt.Errorf("%s: no instance of %s", strings.Join(o.Configs, ", "), tieredlimit.Name)
	}
	return d, err
}

func readFile(path string, stdin io.Reader) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(path)
}

// document is a configuration with one instance of one tier.
func (f Flat) document(tier string) (*declarative.Document, error) {
	if tier == "" {
		tier = "flags"
	}
	limits := map[string]any{"name": tier}
	for name, limit := range map[string]int64{"daily_quota": f.Quota, "tps": f.TPS, "burst": f.Burst} {
		if limit != 0 {
			limits[name] = limit
		}
	}
	config := map[string]any{"tiers": []any{limits}, "default_tier": tier}
	for name, text := range map[string]string{"namespace": f.Namespace, "scope": f.Scope} {
		if text != "" {
			config[name] = text
		}
	}
	if f.Timezone != "" {
		limits["quota_timezone"] = f.Timezone
	}
	text, err := json.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("making a configuration of the flags: %w", err)
	}
	d := &declarative.Document{Plugins: []*declarative.Plugin{{Enabled: true, InstanceName: "flags", Config: text, Where: "flags"}}}
	place := declarative.Entity{ID: canonical(f.ScopeID), Origin: declarative.Given}
	switch f.Scope {
	case "service":
		d.Services = []*declarative.Service{{Entity: place}}
	case "route":
		d.Routes = []*declarative.Route{{Entity: place}}
	}
	return d, nil
}

// planOf compiles an instance's configuration, with what replaces parts of its redis record.
func planOf(p *declarative.Plugin, redis map[string]any, env Env) (*tieredlimit.Plan, error) {
	var config map[string]any
	if err := json.Unmarshal(p.Config, &config); err != nil {
		return nil, fmt.Errorf("%s: %w", p.Where, err)
	}
	record, _ := config["redis"].(map[string]any)
	if record == nil {
		record = map[string]any{}
	}
	override(record, redis)
	if err := resolve(p.Where+".config.redis", record, env.Lookup); err != nil {
		return nil, err
	}
	config["redis"] = record
	text, err := json.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Where, err)
	}
	plan, err := tieredlimit.NewPlan(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Where, err)
	}
	return plan, nil
}
