// Package instance keeps the plugin instances that Kong has started.
//
// Kong starts one for each configured plugin in each worker at its first request, starts new ones
// after every reload even where nothing changed, closes the old one only when the new one is first
// used, and never closes those of a plugin that was deleted or of a worker that died. So instances
// are cheap here: those with the same configuration share one compiled handler, and one that has
// long been unused is dropped. Kong starts a dropped one again when it wants it, since the closed
// connection for an unknown id tells it to (pb_rpc.lua, handle_event); but it then starts all other
// instances of that plugin anew too, in all workers (plugin.lua, reset_instance), and requests that
// meet such a start wait in steps of 100 ms. So an instance is dropped only after a day.
package instance
