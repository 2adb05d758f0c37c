// Package deploy holds the examples under kong/ to what reads them: to the plugins' schemas and their own
// validation. What needs other tools, or modules that the product must not have, is in test/external, a module
// of its own.
package deploy
