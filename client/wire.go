package client

import (
	"bytes"
	"fmt"
	"time"

	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that frameCodec falls back to
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "linger/proto/linger/v1"
)

// Field numbers of linger.v1 that this package writes or reads itself. Everything else goes through the generated code.
const (
	fieldRequestNumber  = 1 // PublishRequest.request
	fieldRequestBatches = 2 // PublishRequest.batches
	fieldBatchTopic     = 1 // Batch.topic
	fieldBatchTTL       = 2 // Batch.ttl
	fieldMessages       = 8 // Batch.messages, Run.messages
	fieldMessageKey     = 1 // Message.key
	fieldMessageAttrs   = 2 // Message.attributes
	fieldMessageData    = 3 // Message.data
	fieldResponseRuns   = 3 // SubscribeResponse.runs
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

// Unmarshal decodes a response; its messages' data share one buffer, which is theirs alone.
func (c frameCodec) Unmarshal(data mem.BufferSlice, v any) error {
	if r, ok := v.(*response); ok {
		return r.decode(joined(data))
	}
	return c.CodecV2.Unmarshal(data, v)
}

// joined copies the transport's buffers into one. Unlike Materialize it does not clear that one first.
func joined(data mem.BufferSlice) []byte {
	pieces := make([][]byte, len(data))
	for i, b := range data {
		pieces[i] = b.ReadOnlyData()
	}
	return bytes.Join(pieces, nil)
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
func appendBatchHead(b []byte, topic string, ttl time.Duration, messages int) []byte {
	var lifetime []byte
	size := 1 + protowire.SizeBytes(len(topic)) + messages
	if ttl != DefaultTTL {
		// Zero is a present, empty Duration: now or never.
		lifetime, _ = proto.Marshal(durationpb.New(ttl)) // cannot fail: two integers
		size += 1 + protowire.SizeBytes(len(lifetime))
	}
	b = protowire.AppendTag(b, fieldRequestBatches, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	b = protowire.AppendTag(b, fieldBatchTopic, protowire.BytesType)
	b = protowire.AppendString(b, topic)
	if ttl != DefaultTTL {
		b = protowire.AppendTag(b, fieldBatchTTL, protowire.BytesType)
		b = protowire.AppendBytes(b, lifetime)
	}
	return b
}

func requestHeader(number uint64) []byte {
	b := protowire.AppendTag(make([]byte, 0, 11), fieldRequestNumber, protowire.VarintType)
	return protowire.AppendVarint(b, number)
}

// response is a SubscribeResponse: runs in our own form, all else as generated.
type response struct {
	rest pb.SubscribeResponse
	runs []*Run
}

func (r *response) decode(b []byte) error {
	rest, err := splitField(b, fieldResponseRuns, func(v []byte) error {
		run, err := decodeRun(v)
		r.runs = append(r.runs, run)
		return err
	})
	if err != nil {
		return err
	}
	return proto.Unmarshal(rest, &r.rest)
}

func decodeRun(b []byte) (*Run, error) {
	n := 0
	if _, err := splitField(b, fieldMessages, func([]byte) error { n++; return nil }); err != nil {
		return nil, err
	}
	messages := make([]Message, 0, n)
	rest, err := splitField(b, fieldMessages, func(v []byte) error {
		m, err := decodeMessage(v)
		messages = append(messages, m)
		return err
	})
	if err != nil {
		return nil, err
	}
	var head pb.Run
	if err := proto.Unmarshal(rest, &head); err != nil {
		return nil, err
	}
	return newRun(&head, messages), nil
}

// decodeMessage lets data share b. Attributes are rare enough to go through the generated code.
func decodeMessage(b []byte) (m Message, err error) {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return m, protowire.ParseError(n)
		}
		size := protowire.ConsumeFieldValue(num, typ, b[n:])
		if size < 0 {
			return m, protowire.ParseError(size)
		}
		field, value := b[:n+size], b[n:n+size]
		b = b[n+size:]
		if typ != protowire.BytesType {
			continue
		}
		value, _ = protowire.ConsumeBytes(value)
		switch num {
		case fieldMessageKey:
			m.Key = string(value)
		case fieldMessageAttrs:
			err = addAttribute(&m, field)
		case fieldMessageData:
			m.Data = value[:len(value):len(value)]
		}
		if err != nil {
			return m, err
		}
	}
	return m, nil
}

func addAttribute(m *Message, field []byte) error {
	var one pb.Message
	if err := proto.Unmarshal(field, &one); err != nil {
		return err
	}
	if m.Attributes == nil {
		m.Attributes = one.GetAttributes()
		return nil
	}
	for k, v := range one.GetAttributes() {
		m.Attributes[k] = v
	}
	return nil
}

// splitField calls f with the value of each field num (length-delimited) in b and returns the other fields' bytes.
func splitField(b []byte, num protowire.Number, f func([]byte) error) (rest []byte, err error) {
	for len(b) > 0 {
		got, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		size := protowire.ConsumeFieldValue(got, typ, b[n:])
		if size < 0 {
			return nil, protowire.ParseError(size)
		}
		if got == num {
			if typ != protowire.BytesType {
				return nil, fmt.Errorf("field %d has wire type %d", num, typ)
			}
			value, _ := protowire.ConsumeBytes(b[n : n+size])
			if err := f(value); err != nil {
				return nil, err
			}
		} else {
			rest = append(rest, b[:n+size]...)
		}
		b = b[n+size:]
	}
	return rest, nil
}
