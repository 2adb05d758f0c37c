// Package token is what an operator does with a token that jwks-verify refuses, or takes for another's: it
// verifies it by the plugin's own code, as an instance in the declarative configuration would, and tells
// each check. What it prints holds no part of the token but what the plugin would log.
package token
