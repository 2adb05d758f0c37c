// Package router chooses the route of a request as Kong's router does with
// its default flavour, traditional_compatible, and builds the path for the
// upstream (path_handling v0).
package router
