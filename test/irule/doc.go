// Package irule holds no code: its tests run kong/f5's iRule in Tcl, beside commands that do what F5's
// documentation says of those that the rule uses. They show that the rule writes the format of
// kong/f5/README.md. They do not show that a BIG-IP takes the rule.
package irule
