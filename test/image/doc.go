// Package image checks that the Dockerfile names what the code holds; building and running the image
// needs Docker or buildah, and no test does.
package image
