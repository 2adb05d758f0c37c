// Package kongtest answers PDK calls in place of Kong, so that a plugin's handler can be tested
// without a socket. It keeps the meaning of the calls that the plugins use and nothing else: a call
// it does not know ends the event, as an invalid call does in Kong. How Kong really behaves is
// judged by the suite in test/integration.
package kongtest
