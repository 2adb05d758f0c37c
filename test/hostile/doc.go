// Package hostile plays peers on the plugin socket that are not Kong: floods, half frames, garbage, lies. The plugin
// server with its real plugins must neither crash nor fill up, must tell one peer nothing of another's, and a Kong
// beside them must get its answers. SECURITY.md says what is promised.
package hostile
