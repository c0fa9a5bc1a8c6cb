// Package wire reads publish requests and writes subscribe responses on the wire bytes themselves, so that a message is
// never decoded and encoded again on its way through the server.
package wire

// The decided limits on what a publisher may send.
const (
	MaxDataDefault = 1 << 20  // bytes of one message's data
	MaxDataCeiling = 16 << 20 // what the default may be raised to
)
