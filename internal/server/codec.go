package server

import (
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that everything else goes through
	"google.golang.org/grpc/mem"

	"linger/internal/server/wire"
)

// codec carries publish requests and subscribe responses as wire bytes, and all other messages as protobuf does.
// Safe for concurrent use.
type codec struct {
	encoding.CodecV2
}

func newCodec() codec { return codec{encoding.GetCodecV2("proto")} }

// Marshal runs before SendMsg returns, so a response need not outlive the delivery that it was made of.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	if r, ok := v.(*wire.Response); ok {
		return r.Buffers(), nil
	}
	return c.CodecV2.Marshal(v)
}

// Unmarshal notes what is wrong with a publish request in the request itself: an error from here would reach the client
// as INTERNAL, without the field's name.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	if r, ok := v.(*wire.Request); ok {
		r.ReadFrom(data)
		return nil
	}
	return c.CodecV2.Unmarshal(data, v)
}
