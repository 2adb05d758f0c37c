// Package check builds the image of the Dockerfile without a daemon and runs it: `make image-check`.
//
// It needs buildah, root, and a kernel that lets root make namespaces; what is missing it says. No registry is
// asked: the bases are made from what is on the machine. The build's base is the Go toolchain and a shell.
// Kong's is one of
//
//   - kongsim in place of Kong, with a shell and an entrypoint of ours, which starts its arguments;
//   - the same without a shell, as Kong's distroless images are;
//   - a real Kong, where KONG_DIR names a folder that holds one: bin/kong, openresty and share/lua/5.1. Its
//     entrypoints are those of Kong's own images where KONG_ENTRYPOINTS names copies of them, by the names that
//     they have there (docker-entrypoint.sh, entrypoint.sh), else one of ours.
//
// A container is a chroot into the image's files with its own process ids and mounts, as the image's user, with a
// read-only root, without capabilities to gain. It shares the machine's network, on free ports.
package check
