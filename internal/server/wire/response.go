package wire

import (
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"

	"linger/broker"
)

// Field numbers of SubscribeResponse, Run, Gap, Reset and google.protobuf.Timestamp.
const (
	responseServerTime  protowire.Number = 1
	responseResumeToken protowire.Number = 2
	responseRuns        protowire.Number = 3
	responseCaughtUp    protowire.Number = 5
	responseReset       protowire.Number = 6
	responseHeartbeat   protowire.Number = 7

	runTopic         protowire.Number = 1
	runFirstSequence protowire.Number = 2
	runPublishTime   protowire.Number = 3
	runExpireTime    protowire.Number = 4
	runIncarnation   protowire.Number = 5
	runGap           protowire.Number = 6

	resetReason protowire.Number = 1
	resetTopic  protowire.Number = 2
	resetGap    protowire.Number = 3
)

// byReference is the size from which a run's messages are handed to the transport as they lie in the broker. Below it,
// copying is cheaper than one more buffer to keep track of.
const byReference = 1 << 10

// Response is a linger.v1.SubscribeResponse made of one delivery. It is valid as long as the delivery.
type Response struct {
	broker.Delivery
	Heartbeat bool           // say that there is nothing else
	Pool      mem.BufferPool // where the one buffer that is encoded into comes from and goes; nil: the transport's
}

// Buffers encodes the response: the headers in a buffer of the pool, and the messages where they lie.
func (r *Response) Buffers() mem.BufferSlice {
	own := r.ownSize()
	pool := r.Pool
	if pool == nil {
		pool = mem.DefaultBufferPool()
	}
	block := pool.Get(own)
	b := (*block)[:0]
	b = appendTime(b, responseServerTime, r.Now)
	if len(r.Token) > 0 {
		b = protowire.AppendTag(b, responseResumeToken, protowire.BytesType)
		b = protowire.AppendBytes(b, r.Token)
	}
	cuts := 0
	for i := range r.Runs {
		run := &r.Runs[i]
		b = protowire.AppendTag(b, responseRuns, protowire.BytesType)
		b = protowire.AppendVarint(b, uint64(headerSize(run)+len(run.Body)))
		b = appendHeader(b, run)
		if len(run.Body) < byReference {
			b = append(b, run.Body...)
		} else {
			cuts++
		}
	}
	b = r.appendEvent(b)
	*block = b
	whole := mem.NewBuffer(block, pool)
	if cuts == 0 {
		return mem.BufferSlice{whole}
	}
	return r.interleave(whole, cuts)
}

// interleave cuts the encoded headers where messages go between them.
func (r *Response) interleave(whole mem.Buffer, cuts int) mem.BufferSlice {
	out := make(mem.BufferSlice, 0, 2*cuts+1)
	start, end := 0, r.prefixSize()
	for i := range r.Runs {
		run := &r.Runs[i]
		header := headerSize(run)
		end += protowire.SizeTag(responseRuns) + protowire.SizeVarint(uint64(header+len(run.Body))) + header
		if len(run.Body) < byReference {
			end += len(run.Body)
			continue
		}
		out = append(out, whole.Slice(start, end), mem.SliceBuffer(run.Body))
		start = end
	}
	if start < whole.Len() {
		out = append(out, whole.Slice(start, whole.Len()))
	}
	whole.Free()
	return out
}

// ownSize is what is encoded here: everything but the messages taken by reference.
func (r *Response) ownSize() int {
	n := r.prefixSize() + r.eventSize()
	for i := range r.Runs {
		run := &r.Runs[i]
		header := headerSize(run)
		n += protowire.SizeTag(responseRuns) + protowire.SizeVarint(uint64(header+len(run.Body))) + header
		if len(run.Body) < byReference {
			n += len(run.Body)
		}
	}
	return n
}

func (r *Response) prefixSize() int {
	n := timeFieldSize(r.Now)
	if len(r.Token) > 0 {
		n += 1 + protowire.SizeBytes(len(r.Token))
	}
	return n
}

func (r *Response) eventSize() int {
	switch {
	case r.Reset != nil:
		return 1 + protowire.SizeBytes(resetSize(r.Reset))
	case r.CaughtUp, r.Heartbeat:
		return 2
	}
	return 0
}

func (r *Response) appendEvent(b []byte) []byte {
	switch {
	case r.Reset != nil:
		b = protowire.AppendTag(b, responseReset, protowire.BytesType)
		b = protowire.AppendVarint(b, uint64(resetSize(r.Reset)))
		b = appendUint(b, resetReason, uint64(r.Reset.Reason))
		b = appendString(b, resetTopic, r.Reset.Topic)
		b = appendGap(b, resetGap, &r.Reset.Gap)
	case r.CaughtUp:
		b = protowire.AppendTag(b, responseCaughtUp, protowire.BytesType)
		b = protowire.AppendVarint(b, 0)
	case r.Heartbeat:
		b = protowire.AppendTag(b, responseHeartbeat, protowire.BytesType)
		b = protowire.AppendVarint(b, 0)
	}
	return b
}

func resetSize(r *broker.Reset) int {
	return uintSize(uint64(r.Reason)) + stringSize(r.Topic) + gapFieldSize(&r.Gap)
}

func headerSize(r *broker.Run) int {
	return stringSize(r.Topic) + uintSize(r.First) + timeFieldSize(r.PublishTime) + timeFieldSize(r.Deadline) +
		fixedSize(r.Incarnation) + gapFieldSize(&r.Gap)
}

func appendHeader(b []byte, r *broker.Run) []byte {
	b = appendString(b, runTopic, r.Topic)
	b = appendUint(b, runFirstSequence, r.First)
	b = appendTime(b, runPublishTime, r.PublishTime)
	b = appendTime(b, runExpireTime, r.Deadline)
	if r.Incarnation != 0 {
		b = protowire.AppendTag(b, runIncarnation, protowire.Fixed64Type)
		b = protowire.AppendFixed64(b, r.Incarnation)
	}
	return appendGap(b, runGap, &r.Gap)
}
