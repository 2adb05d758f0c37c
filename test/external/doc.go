// Package external is a module of its own, for what the product's module must not depend on: the types of
// Kubernetes, of Kong's ingress controller and of the Prometheus operator, and Terraform's language. Its tests
// hold the examples under kong/ to these, and to decK, Ansible and systemd. `make deploy-check` runs them.
package external
