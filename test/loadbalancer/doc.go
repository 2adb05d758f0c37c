// Package loadbalancer puts a load balancer before a server under test: HAProxy, nginx, or a proxy of its
// own, each configured to treat requests as a F5 BIG-IP does. No BIG-IP is in it.
//
// A Behaviour says what is done to a request; the three carry it out as far as they can. Only the proxy, F5,
// gives a witness, in the format of kong/f5/README.md. HAProxy and nginx are Debian's packages; a test that
// needs one which is not there is left out.
package loadbalancer
