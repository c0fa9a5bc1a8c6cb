package client

import (
	"bytes"
	"errors"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	pb "linger/proto/linger/v1"
)

// Reading responses: what every one of them has is read here, what is rare goes through the generated code. A reader at
// a topic's end is given a response for nearly every message, so that each allocation counts.

// response is a SubscribeResponse.
type response struct {
	serverTime time.Time // zero: none
	token      []byte
	runs       []*Run
	rest       pb.SubscribeResponse // events
}

// joined copies the transport's buffers into one. Unlike Materialize it does not clear that one first.
func joined(data mem.BufferSlice) []byte {
	pieces := make([][]byte, len(data))
	for i, b := range data {
		pieces[i] = b.ReadOnlyData()
	}
	return bytes.Join(pieces, nil)
}

// decode lets messages share b, and nothing else.
func (r *response) decode(b []byte) (err error) {
	var rest []byte
	for len(b) > 0 {
		f, err := nextField(b)
		if err != nil {
			return err
		}
		switch {
		case f.is(fieldResponseTime):
			r.serverTime, err = decodeTime(f.value)
		case f.is(fieldResponseToken):
			r.token = bytes.Clone(f.value)
		case f.is(fieldResponseRuns):
			var run *Run
			run, err = decodeRun(f.value)
			r.runs = append(r.runs, run)
		default:
			rest = append(rest, b[:f.size]...)
		}
		if err != nil {
			return err
		}
		b = b[f.size:]
	}
	if len(rest) == 0 {
		return nil
	}
	return proto.Unmarshal(rest, &r.rest)
}

func decodeRun(b []byte) (*Run, error) {
	run, count := &Run{}, 0
	for left := b; len(left) > 0; {
		f, err := nextField(left)
		if err != nil {
			return nil, err
		}
		if f.is(fieldMessages) {
			count++
		} else if err := run.decodeHead(f); err != nil {
			return nil, err
		}
		left = left[f.size:]
	}
	run.Messages = make([]Message, 0, count)
	for left := b; len(run.Messages) < count; {
		f, err := nextField(left)
		if err != nil {
			return nil, err // not the second time
		}
		if f.is(fieldMessages) {
			m, err := decodeMessage(f.value)
			if err != nil {
				return nil, err
			}
			run.Messages = append(run.Messages, m)
		}
		left = left[f.size:]
	}
	return run, nil
}

// decodeHead takes a field that is not a message.
func (r *Run) decodeHead(f field) (err error) {
	switch {
	case f.is(fieldRunTopic):
		if !utf8.Valid(f.value) {
			return errors.New("a topic that is not UTF-8")
		}
		r.Topic = string(f.value)
	case f.num == fieldRunFirst && f.typ == protowire.VarintType:
		r.FirstSequence = f.number
	case f.is(fieldRunPublishTime):
		r.PublishTime, err = decodeTime(f.value)
	case f.is(fieldRunExpireTime):
		r.ExpireTime, err = decodeTime(f.value)
	case f.num == fieldRunIncarnation && f.typ == protowire.Fixed64Type:
		r.Incarnation = f.number
	case f.is(fieldRunGap):
		r.gap = new(pb.Gap)
		err = proto.Unmarshal(f.value, r.gap)
	}
	return err
}

// decodeMessage lets data share b. Attributes are rare enough to go through the generated code.
func decodeMessage(b []byte) (m Message, err error) {
	for len(b) > 0 {
		f, err := nextField(b)
		if err != nil {
			return m, err
		}
		switch {
		case f.is(fieldMessageData):
			m.Data = f.value[:len(f.value):len(f.value)]
		case f.is(fieldMessageKey):
			m.Key = string(f.value)
		case f.is(fieldMessageAttrs):
			err = addAttribute(&m, b[:f.size])
		}
		if err != nil {
			return m, err
		}
		b = b[f.size:]
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

// decodeTime reads a google.protobuf.Timestamp.
func decodeTime(b []byte) (time.Time, error) {
	var seconds, nanos uint64
	for len(b) > 0 {
		f, err := nextField(b)
		if err != nil {
			return time.Time{}, err
		}
		switch {
		case f.num == 1 && f.typ == protowire.VarintType:
			seconds = f.number
		case f.num == 2 && f.typ == protowire.VarintType:
			nanos = f.number
		}
		b = b[f.size:]
	}
	return time.Unix(int64(seconds), int64(int32(nanos))).UTC(), nil
}

// field is one field of a message in wire form.
type field struct {
	num    protowire.Number
	typ    protowire.Type
	value  []byte // of BytesType
	number uint64 // of VarintType and Fixed64Type
	size   int    // of all of it, tag included
}

// is says that the field is number num and length-delimited.
func (f *field) is(num protowire.Number) bool { return f.num == num && f.typ == protowire.BytesType }

// nextField reads the field that b begins with.
func nextField(b []byte) (f field, err error) {
	num, typ, n := protowire.ConsumeTag(b)
	if n < 0 {
		return f, protowire.ParseError(n)
	}
	f.num, f.typ = num, typ
	var m int
	switch typ {
	case protowire.BytesType:
		f.value, m = protowire.ConsumeBytes(b[n:])
	case protowire.VarintType:
		f.number, m = protowire.ConsumeVarint(b[n:])
	case protowire.Fixed64Type:
		f.number, m = protowire.ConsumeFixed64(b[n:])
	default:
		m = protowire.ConsumeFieldValue(num, typ, b[n:])
	}
	if m < 0 {
		return f, protowire.ParseError(m)
	}
	f.size = n + m
	return f, nil
}
