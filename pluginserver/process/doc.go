// Package process runs the plugin server and the gateway under one parent, the image's entrypoint.
//
// Kong 3.9's own management of plugin servers breaks the Admin API's root (Kong/kong#14260), leaves
// orphans and notices only a server that exits. The parent here starts the server before the
// gateway, asks it each second whether it answers, replaces one that died or hangs, passes signals
// on to the gateway, reaps what is orphaned to it, and ends with the gateway's exit code.
package process
