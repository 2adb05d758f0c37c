// Package server is the plugin server: it takes Kong's connections on a unix socket and answers the
// commands of the plugin protocol (kong/include/kong/pluginsocket.proto).
//
// One goroutine serves one connection, and runs the plugin's handler itself. Whatever happens, an
// event is answered: a started instance whose event ends with a closed connection makes Kong 3.9
// retry without a limit. Only an instance id that the server does not know closes the connection,
// since that is how Kong learns to start the instance again.
package server
