// Package guard is what an operator does with a request that header-guard refuses, or reports: it judges the
// request by the plugin's own code, as the instance in the declarative configuration would that Kong runs for
// it, and tells each check, presets expanded. It prints no value of a header, no path and no query.
package guard
