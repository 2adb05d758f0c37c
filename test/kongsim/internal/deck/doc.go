// Package deck reads a declarative configuration in decK's format into Kong's
// entities: services, routes, consumers with key-auth credentials, and
// plugins on any of them.
//
// It knows the part of the format that Tollgate's configuration uses. What it
// does not know is refused, all of it in one error, rather than ignored: a
// gateway that leaves out half of its configuration would prove nothing.
// Entities without an id get one made of their kind and name, so that ids are
// the same in every run.
package deck
