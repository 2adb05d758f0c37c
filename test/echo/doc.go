// Package echo is an upstream for tests and the sandbox that answers every
// request with what arrived: method, path, query, headers, size of the body.
package echo
