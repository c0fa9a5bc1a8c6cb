package wire_test

import (
	"bytes"
	"testing"
	"time"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"linger/internal/server/wire"
	lingerv1 "linger/proto/linger/v1"
)

// FuzzRequest holds the walk to what it promises: what it accepts, protobuf decodes, to the same; and what protobuf
// decodes and is within the limits, it accepts.
func FuzzRequest(f *testing.F) {
	seed := &lingerv1.PublishRequest{Request: 3, Answered: 2, ProducerId: make([]byte, 16), Batches: []*lingerv1.Batch{
		{Topic: "a.b", Ttl: durationpb.New(time.Second), Messages: []*lingerv1.Message{
			{Key: "k", Attributes: map[string]string{"x": "y", "z": ""}, Data: []byte("data")}, {},
		}},
		{Topic: "c", Messages: []*lingerv1.Message{{Data: []byte{0xff, 0}}}},
		{Topic: "d", ExpireTime: timestamppb.New(time.UnixMilli(1_800_000_000_123)), FirstSequence: 300, Messages: []*lingerv1.Message{{}}},
	}}
	f.Add(encode(f, seed))
	f.Add([]byte("\x12\x0b\x42\x03\x1a\x01a\x0a\x01t\x42\x00"))
	f.Add([]byte("\x12\x06\xc2\x00\x80\x00\x0a\x00"))
	f.Add([]byte("\x12\x08\x42\x06\x12\x04\x0a\x02\xc3\xa9"))
	f.Add([]byte("\x7b\x7c"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r wire.Request
		r.Read(b)
		var decoded lingerv1.PublishRequest
		err := proto.Unmarshal(b, &decoded)
		if r.Err == nil && err != nil {
			t.Fatalf("the walk accepts what protobuf refuses: %v", err)
		}
		if r.Err != nil {
			if err == nil && !hasGroup(b) && withinLimits(&decoded) {
				t.Fatalf("the walk refuses what protobuf decodes: %v", r.Err)
			}
			return
		}
		compare(t, &r, &decoded)
		var parts wire.Request
		half := len(b) / 2
		parts.ReadFrom(mem.BufferSlice{mem.SliceBuffer(b[:half]), mem.SliceBuffer(b[half:])})
		if parts.Err != nil {
			t.Fatalf("in two buffers: %v", parts.Err)
		}
		compare(t, &parts, &decoded)
	})
}

func compare(t *testing.T, r *wire.Request, decoded *lingerv1.PublishRequest) {
	if r.Number != decoded.Request || r.Answered != decoded.Answered || len(r.Batches) != len(decoded.Batches) {
		t.Fatalf("read %+v, protobuf %v", r, decoded)
	}
	if len(decoded.ProducerId) == 16 && !bytes.Equal(r.Producer[:], decoded.ProducerId) {
		t.Fatalf("producer %x, protobuf %x", r.Producer, decoded.ProducerId)
	}
	for i, batch := range r.Batches {
		want := decoded.Batches[i]
		if batch.Topic != want.Topic || batch.Count != len(want.Messages) {
			t.Fatalf("batch %d: %q with %d, protobuf %q with %d", i, batch.Topic, batch.Count, want.Topic, len(want.Messages))
		}
		if batch.Err != nil {
			continue
		}
		if batch.HasTTL != (want.Ttl != nil) || want.Ttl != nil && batch.TTL != want.Ttl.AsDuration() {
			t.Fatalf("batch %d: ttl %v, protobuf %v", i, batch.TTL, want.Ttl)
		}
		if batch.First != want.FirstSequence || (batch.Deadline != 0) != (want.ExpireTime != nil) ||
			want.ExpireTime != nil && int64(batch.Deadline) != max(want.ExpireTime.AsTime().UnixMilli(), 1) {
			t.Fatalf("batch %d: #%d until %d, protobuf %v", i, batch.First, batch.Deadline, want)
		}
		if cap(batch.Body) != len(batch.Body) {
			t.Fatalf("batch %d: a body of %d bytes holds %d", i, len(batch.Body), cap(batch.Body))
		}
		compareBody(t, batch.Body, want.Messages)
	}
}

// compareBody reads a body the way the broker and a subscriber do.
func compareBody(t *testing.T, body []byte, want []*lingerv1.Message) {
	var run lingerv1.Run
	if err := proto.Unmarshal(body, &run); err != nil {
		t.Fatalf("a subscriber cannot read the body: %v", err)
	}
	if len(run.Messages) != len(want) {
		t.Fatalf("the body holds %d messages, protobuf %d", len(run.Messages), len(want))
	}
	for i, m := range want {
		if body[0] != 0x42 {
			t.Fatalf("frame %d begins with %#x", i, body[0])
		}
		payload, n := protowire.ConsumeBytes(body[1:])
		if n != protowire.SizeBytes(len(payload)) {
			t.Fatalf("frame %d: a length of more bytes than needed", i)
		}
		body = body[1+n:]
		if !proto.Equal(run.Messages[i], m) {
			t.Fatalf("message %d: %v, protobuf %v", i, run.Messages[i], m)
		}
	}
}

// withinLimits says of what protobuf decoded that only limits on a whole request could have refused it.
func withinLimits(r *lingerv1.PublishRequest) bool {
	n := 0
	for _, b := range r.Batches {
		n += len(b.Messages)
	}
	id := len(r.ProducerId)
	return n <= wire.MaxMessages && len(r.Batches) <= wire.MaxBatches && id == 0
}

// hasGroup says whether some byte could be the tag of a group; good enough to tell why the walk is stricter.
func hasGroup(b []byte) bool {
	for _, c := range b {
		if c&7 == 3 || c&7 == 4 {
			return true
		}
	}
	return false
}
