package client

import (
	"time"

	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that frameCodec falls back to
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Field numbers of linger.v1 that this package writes or reads itself. Everything else goes through the generated code.
const (
	fieldRequestNumber  = 1 // PublishRequest.request
	fieldRequestBatches = 2 // PublishRequest.batches
	fieldBatchTopic     = 1 // Batch.topic
	fieldBatchTTL       = 2 // Batch.ttl
	fieldBatchExpire    = 3 // Batch.expire_time
	fieldBatchFirst     = 4 // Batch.first_sequence
	fieldMessages       = 8 // Batch.messages, Run.messages
	fieldMessageKey     = 1 // Message.key
	fieldMessageAttrs   = 2 // Message.attributes
	fieldMessageData    = 3 // Message.data
	fieldResponseTime   = 1 // SubscribeResponse.server_time
	fieldResponseToken  = 2 // SubscribeResponse.resume_token
	fieldResponseRuns   = 3 // SubscribeResponse.runs
	fieldRunTopic       = 1 // Run.topic
	fieldRunFirst       = 2 // Run.first_sequence
	fieldRunPublishTime = 3 // Run.publish_time
	fieldRunExpireTime  = 4 // Run.expire_time
	fieldRunIncarnation = 5 // Run.incarnation
	fieldRunGap         = 6 // Run.gap
)

// frameCodec sends requests that are encoded already and decodes responses without a struct a message: at a million
// messages a second the generated code's allocations are what one waits for. Other values take the ordinary way.
type frameCodec struct{ encoding.CodecV2 }

func newFrameCodec() frameCodec { return frameCodec{encoding.GetCodecV2("proto")} }

// encodedRequest is a PublishRequest in wire form, in pieces.
type encodedRequest struct {
	header []byte
	body   [][]byte
}

// Marshal hands an encodedRequest over as it is; its bytes must not change afterwards.
func (c frameCodec) Marshal(v any) (mem.BufferSlice, error) {
	if r, ok := v.(*encodedRequest); ok {
		pieces := make(mem.BufferSlice, 0, 1+len(r.body))
		pieces = append(pieces, mem.SliceBuffer(r.header))
		for _, piece := range r.body {
			pieces = append(pieces, mem.SliceBuffer(piece))
		}
		return pieces, nil
	}
	return c.CodecV2.Marshal(v)
}

// Unmarshal decodes a response; its messages' data share one buffer, which is theirs alone unless they are borrowed.
func (c frameCodec) Unmarshal(data mem.BufferSlice, v any) error {
	if r, ok := v.(*response); ok {
		return r.decode(r.scratch.join(data))
	}
	return c.CodecV2.Unmarshal(data, v)
}

// appendMessage appends one element of Batch.messages.
func appendMessage(b []byte, m *Message) []byte {
	b = protowire.AppendTag(b, fieldMessages, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(messageSize(m)))
	if m.Key != "" {
		b = protowire.AppendTag(b, fieldMessageKey, protowire.BytesType)
		b = protowire.AppendString(b, m.Key)
	}
	for k, v := range m.Attributes {
		b = protowire.AppendTag(b, fieldMessageAttrs, protowire.BytesType)
		b = protowire.AppendVarint(b, uint64(attributeSize(k, v)))
		b = protowire.AppendTag(b, 1, protowire.BytesType)
		b = protowire.AppendString(b, k)
		b = protowire.AppendTag(b, 2, protowire.BytesType)
		b = protowire.AppendString(b, v)
	}
	if len(m.Data) > 0 {
		b = protowire.AppendTag(b, fieldMessageData, protowire.BytesType)
		b = protowire.AppendBytes(b, m.Data)
	}
	return b
}

// messageSize is the encoded size of m without tag and length. Tags of fields below 16 are one byte.
func messageSize(m *Message) int {
	n := 0
	if m.Key != "" {
		n += 1 + protowire.SizeBytes(len(m.Key))
	}
	for k, v := range m.Attributes {
		n += 1 + protowire.SizeBytes(attributeSize(k, v))
	}
	if len(m.Data) > 0 {
		n += 1 + protowire.SizeBytes(len(m.Data))
	}
	return n
}

func attributeSize(k, v string) int {
	return 2 + protowire.SizeBytes(len(k)) + protowire.SizeBytes(len(v))
}

// appendBatchHead appends one element of PublishRequest.batches without its messages, which are to follow: that many
// bytes, already encoded.
func appendBatchHead(b []byte, topic string, ask asked, messages int) []byte {
	var lifetime []byte
	size := 1 + protowire.SizeBytes(len(topic)) + messages
	num := protowire.Number(fieldBatchTTL)
	switch {
	case ask.deadline != 0:
		num = fieldBatchExpire
		lifetime, _ = proto.Marshal(timestamppb.New(time.UnixMilli(ask.deadline))) // cannot fail: two integers
	case ask.ttl != DefaultTTL:
		// Zero is a present, empty Duration: now or never.
		lifetime, _ = proto.Marshal(durationpb.New(ask.ttl))
	}
	asksLifetime := ask.deadline != 0 || ask.ttl != DefaultTTL
	if asksLifetime {
		size += 1 + protowire.SizeBytes(len(lifetime))
	}
	if ask.sequence != 0 {
		size += 1 + protowire.SizeVarint(ask.sequence)
	}
	b = protowire.AppendTag(b, fieldRequestBatches, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	b = protowire.AppendTag(b, fieldBatchTopic, protowire.BytesType)
	b = protowire.AppendString(b, topic)
	if asksLifetime {
		b = protowire.AppendTag(b, num, protowire.BytesType)
		b = protowire.AppendBytes(b, lifetime)
	}
	if ask.sequence != 0 {
		b = protowire.AppendTag(b, fieldBatchFirst, protowire.VarintType)
		b = protowire.AppendVarint(b, ask.sequence)
	}
	return b
}

func requestHeader(number uint64) []byte {
	b := protowire.AppendTag(make([]byte, 0, 11), fieldRequestNumber, protowire.VarintType)
	return protowire.AppendVarint(b, number)
}
