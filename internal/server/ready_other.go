//go:build !unix

package server

// readiness is nothing here: gRPC keeps a buffer for each connection to read into.
type readiness struct{}
