// Package image checks that the Dockerfile, the compose files and the README name what the code holds. Package
// check below it builds and runs the image; no daemon is needed for either.
package image
