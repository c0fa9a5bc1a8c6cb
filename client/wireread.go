package client

import (
	"bytes"
	"errors"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	pb "linger/proto/linger/v1"
)

// Reading responses: what every one of them has is read here, what is rare goes through the generated code. A reader at
// a topic's end is given a response for nearly every message, so that each allocation counts.

// response is a SubscribeResponse. One is used for all of a stream, so that what they have in common is not made anew.
type response struct {
	serverTime time.Time // zero: none
	token      []byte
	runs       []*Run               // the slice is used again; the runs are if they are borrowed
	rest       pb.SubscribeResponse // events, and what is not known
	rare       bool                 // there is something in rest
	topic      string               // of the newest run
	scratch    scratch
}

// reset empties a response to decode the next one into.
func (r *response) reset() {
	r.serverTime, r.token, r.runs = time.Time{}, nil, r.runs[:0]
	r.scratch.reset()
	if r.rare {
		r.rest.Reset()
		r.rare = false
	}
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
			run, err = r.decodeRun(f.value)
			r.runs = append(r.runs, run)
		default:
			rest = append(rest, b[:f.size]...)
		}
		if err != nil {
			return err
		}
		b = b[f.size:]
	}
	if r.rare = len(rest) > 0; !r.rare {
		return nil
	}
	return proto.Unmarshal(rest, &r.rest)
}

func (r *response) decodeRun(b []byte) (*Run, error) {
	run, count := r.scratch.newRun(r.runs), 0
	var messages []byte // b from the first one on
	for left := b; len(left) > 0; {
		_, size := shortField(left, tagMessages)
		if size == 0 {
			f, err := nextField(left)
			if err != nil {
				return nil, err
			}
			size = f.size
			if !f.is(fieldMessages) {
				if err := run.decodeHead(f, r.topic); err != nil {
					return nil, err
				}
				left = left[size:]
				continue
			}
		}
		if count == 0 {
			messages = left
		}
		count++
		left = left[size:]
	}
	r.topic = run.Topic
	run.Messages = r.scratch.newMessages(count)
	return run, decodeMessages(run.Messages, messages)
}

// decodeMessages fills into with what b holds, which is as many messages, and maybe fields that were read before.
func decodeMessages(into []Message, b []byte) error {
	for i := 0; i < len(into); {
		value, size := shortField(b, tagMessages)
		if size == 0 {
			f, err := nextField(b)
			if err != nil {
				return err // not the second time
			}
			value, size = f.value, f.size
			if !f.is(fieldMessages) {
				b = b[size:]
				continue
			}
		}
		if err := into[i].decode(value); err != nil {
			return err
		}
		i++
		b = b[size:]
	}
	return nil
}

// decodeHead takes a field that is not a message. The topic is mostly the one known from the run before.
func (r *Run) decodeHead(f field, known string) (err error) {
	switch {
	case f.is(fieldRunTopic) && string(f.value) == known:
		r.Topic = known
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

// decode fills an empty message, whose data shares b. Most are nothing but data; attributes are rare enough to go through
// the generated code.
func (m *Message) decode(b []byte) error {
	if data, size := shortField(b, tagMessageData); size > 0 && size == len(b) {
		m.Data = data[:len(data):len(data)]
		return nil
	}
	for len(b) > 0 {
		f, err := nextField(b)
		if err != nil {
			return err
		}
		switch {
		case f.is(fieldMessageData):
			m.Data = f.value[:len(f.value):len(f.value)]
		case f.is(fieldMessageKey):
			m.Key = string(f.value)
		case f.is(fieldMessageAttrs):
			err = addAttribute(m, b[:f.size])
		}
		if err != nil {
			return err
		}
		b = b[f.size:]
	}
	return nil
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

// The tags of length-delimited fields that shortField looks for, in wire form.
const (
	tagMessages    = fieldMessages<<3 | byte(protowire.BytesType)
	tagMessageData = fieldMessageData<<3 | byte(protowire.BytesType)
)

// shortField reads a length-delimited field of less than 16 KiB that begins with a tag of one byte, in a fraction of the
// time that nextField takes: of small messages there are millions a second. Size 0: b begins with something else.
func shortField(b []byte, tag byte) (value []byte, size int) {
	if len(b) < 2 || b[0] != tag {
		return nil, 0
	}
	length, head := int(b[1]), 2
	if length >= 0x80 {
		if len(b) < 3 || b[2] >= 0x80 {
			return nil, 0
		}
		length, head = length&0x7f|int(b[2])<<7, 3
	}
	size = head + length
	if size > len(b) {
		return nil, 0
	}
	return b[head:size], size
}
