// Package arch holds no code: its test enforces which packages and files may import which.
//
//   - A plugin imports no other plugin.
//   - A plugin's core, every file but access.go, answer.go, headers.go, identity.go, place.go,
//     plugin.go and subject.go, knows nothing of Kong: neither internal/kong nor go-pdk.
//   - Of pluginserver only the registry knows plugins, quota knows tiered-limit, and token jwks-verify.
//   - Product code imports nothing of test/, nor internal/kongtest.
//   - test/kongsim imports nothing of the product, so that it judges from outside.
//   - internal/ imports no plugin and nothing of pluginserver.
//
// Test files are held to the first and the last of these.
package arch
