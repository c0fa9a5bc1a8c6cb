// Package server answers the network for a broker: gRPC, gRPC-Web, and the dashboard's pages. It is the only package that
// knows both the protocol and the domain; what crosses between them is in convert.go and errors.go.
//
// A message's way through it: publish.go walks the request's wire bytes (wire), hands batches to the broker as they came,
// and answers when the log has committed; subscribe.go takes deliveries from a broker subscription and sends the same
// bytes under a header made on the spot. codec.go is what lets gRPC carry both without decoding them.
package server
