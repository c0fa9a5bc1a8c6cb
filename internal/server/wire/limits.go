package wire

import "google.golang.org/protobuf/encoding/protowire"

// The decided limits on what a publisher may send.
const (
	MaxDataDefault = 1 << 20  // bytes of one message's data
	MaxDataCeiling = 16 << 20 // what the default may be raised to

	MaxKey            = 255 // bytes of a message's ordering key
	MaxAttributes     = 64
	MaxAttributeKey   = 128      // bytes
	MaxAttributeValue = 1 << 10  // bytes
	MaxAttributeBytes = 16 << 10 // keys and values of one message
	MaxMessages       = 10_000   // of one request
	MaxBatches        = 1000     // of one request; each costs a result, which is kept for a repeated request
	MaxRequest        = 4 << 20  // bytes of one request

	// maxExtra is what an encoded message may hold besides its data: key, attributes, their framing, and fields of a
	// later version of the protocol.
	maxExtra = 32 << 10
)

// Field numbers of linger.v1 that are read or written here.
const (
	requestNumber   protowire.Number = 1
	requestBatches  protowire.Number = 2
	requestProducer protowire.Number = 3
	requestAnswered protowire.Number = 4

	batchTopic  protowire.Number = 1
	batchTTL    protowire.Number = 2
	batchExpire protowire.Number = 3
	batchFirst  protowire.Number = 4
	messages    protowire.Number = 8 // in Batch and Run

	messageKey        protowire.Number = 1
	messageAttributes protowire.Number = 2
	messageData       protowire.Number = 3

	seconds protowire.Number = 1 // in Duration and Timestamp
	nanos   protowire.Number = 2
)

// frameTag is the tag of one message in Batch and in Run, as the broker keeps it.
const frameTag = byte(messages)<<3 | byte(protowire.BytesType)

// Limits are those that an operator may change. The zero value has the defaults.
type Limits struct {
	Data int // bytes of one message's data
}

func (l Limits) data() int {
	if l.Data == 0 {
		return MaxDataDefault
	}
	return l.Data
}

// request is 4 MiB, or one message where that may be larger.
func (l Limits) request() int { return max(MaxRequest, l.data()+2*maxExtra) }

// Receive is what the transport must let through so that the walk, which says what is wrong, is what refuses.
func (l Limits) Receive() int { return l.request() + l.data() }
