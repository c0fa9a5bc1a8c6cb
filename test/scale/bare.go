package main

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	pb "linger/proto/linger/v1"
)

// The floor of what subscribers wait for is a gRPC server that does nothing but send what Linger sent: to each call the
// same responses, recorded once, from a process of its own. A client cannot tell the two apart.

// raw passes messages as they are on the wire.
type raw struct{}

// Name is for gRPC: what both sides say that they speak.
func (raw) Name() string { return "proto" }

// Marshal takes a []byte.
func (raw) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

// Unmarshal fills a *[]byte.
func (raw) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

// record subscribes and keeps the responses up to the one that says that it has caught up.
func (h *harness) record(s *server, in *pb.SubscribeRequest) (responses [][]byte, err error) {
	conn, err := grpc.NewClient(s.addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(h.ctx)
	defer cancel()
	desc := &pb.SubscribeService_ServiceDesc.Streams[0]
	stream, err := conn.NewStream(ctx, desc, pb.SubscribeService_Subscribe_FullMethodName, grpc.ForceCodecV2(raw{}))
	if err != nil {
		return nil, err
	}
	request, err := proto.Marshal(in)
	if err != nil {
		return nil, err
	}
	if err := stream.SendMsg(request); err != nil {
		return nil, err
	}
	for {
		var one []byte
		if err := stream.RecvMsg(&one); err != nil {
			return nil, err
		}
		responses = append(responses, one)
		var response pb.SubscribeResponse
		if err := proto.Unmarshal(one, &response); err != nil {
			return nil, err
		}
		if response.GetCaughtUp() != nil {
			return responses, nil
		}
	}
}

// floor starts a server that answers with responses.
func (h *harness) floor(responses [][]byte) (*server, error) {
	dir, err := os.MkdirTemp("", "linger-scale-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) // it has been read when the server answers
	path := filepath.Join(dir, "recorded")
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	s := &server{h: h}
	if s.addr, err = freeAddr(); err != nil {
		return nil, err
	}
	if err := gob.NewEncoder(file).Encode(recorded{s.addr, responses}); err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	return s, s.start(h.self, "-bare", path)
}

// recorded is what a floor answers, and where.
type recorded struct {
	Addr      string
	Responses [][]byte
}

// serveBare is the process of a floor.
func serveBare(ctx context.Context, path string) error {
	file, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var r recorded
	if err := gob.NewDecoder(bytes.NewReader(file)).Decode(&r); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	l, err := net.Listen("tcp", r.Addr)
	if err != nil {
		return err
	}
	s := grpc.NewServer(grpc.ForceServerCodecV2(raw{}), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		var request []byte
		if err := stream.RecvMsg(&request); err != nil {
			return err
		}
		for _, one := range r.Responses {
			if err := stream.SendMsg(one); err != nil {
				return err
			}
		}
		<-stream.Context().Done()
		return nil
	}))
	defer context.AfterFunc(ctx, s.Stop)()
	return s.Serve(l)
}
