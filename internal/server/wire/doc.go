// Package wire reads publish requests and writes subscribe responses on the wire bytes themselves, so that a message is
// never decoded and encoded again on its way through the server.
//
// Reading is a walk: it checks framing, UTF-8 and the limits without allocating for each message, and cuts out each
// batch's messages as one region that is stored and later sent as it came. What the walk accepts, protobuf decodes (the
// tests fuzz that). It refuses a little that protobuf would take: groups, which proto3 does not have and which other
// languages' decoders limit in depth, so that no message can be stored that some subscriber could not read.
package wire
