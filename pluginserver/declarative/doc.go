// Package declarative reads Kong's declarative configuration, in decK's format or that of a Kong without a
// database, as far as it says which plugin counts whose requests: services, routes, consumers and plugins.
// What else stands there it does not look at, and what is wrong in it Kong or decK tell.
//
// References `${{ env "DECK_NAME" }}` are rendered as decK does. Vault references stay as they are. No message
// holds a value of the environment.
//
// Consumer groups are Kong Enterprise's: an instance that is bound to one is told, and not looked at.
//
// An entity without an id gets the one that Kong 3.9 derives for it when it has no database. With a
// database the id is random, and Kong has to be asked.
package declarative
