package quota

import (
	tieredlimit "tollgate/plugins/tiered-limit"
	"tollgate/pluginserver/declarative"
)

// count is one count in Redis, as one instance limits it.
type count struct {
	plan     *tieredlimit.Plan
	instance *declarative.Plugin
	scope    string
	key      string
	tier     string
	limits   tieredlimit.Limits

	ledger        *tieredlimit.Ledger
	before, after tieredlimit.Balance // zero where the tier has no quota
	rate          tieredlimit.Outcome
}

// same tells whether another is the same count of the same instance.
func (c *count) same(other *count) bool {
	return c.key == other.key && c.instance == other.instance
}

// address names the database of Redis, and no secret.
func (c *count) address() string { return c.plan.Address() }

// place is where the count lies: instances that share one change it once.
func (c *count) place() string { return c.address() + " " + c.key }

// name is that of the instance, for people.
func (c *count) name() string {
	if c.instance.InstanceName != "" {
		return c.instance.InstanceName
	}
	return c.instance.Scope()
}
