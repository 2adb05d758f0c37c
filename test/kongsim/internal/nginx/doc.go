// Package nginx holds what nginx and OpenResty do to a request before and
// while Kong looks at it: which headers survive and under which names they are
// found, how the client's address is taken from a proxy's header, how query
// arguments are decoded, and how Kong normalizes and escapes a path.
package nginx
