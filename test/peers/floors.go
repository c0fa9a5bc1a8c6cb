package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// The floors: what no broker of this kind can go below on this machine, in the same processes.
var (
	// One goroutine copies what one connection writes to another, through 64 KiB of its own memory.
	tcpCopy = register(&system{
		name: "raw TCP copy", settings: "one process that copies through 64 KiB",
		serve: floorServer("copy"), dial: dialCopy,
	})
	grpcEcho = register(&system{
		name: "gRPC echo, stream", settings: "grpc-go defaults, one open stream",
		serve: floorServer("echo"), dial: dialEcho(true),
	})
	grpcEchoCall = register(&system{
		name: "gRPC echo, calls", settings: "grpc-go defaults, a unary call each",
		serve: floorServer("echo"), dial: dialEcho(false),
	})
	// Appends 4 KiB to a file and has it synced.
	rawSync = register(&system{
		name: "raw fsync, 4 KiB", settings: "appends to one file in the servers' folder",
		serve: func(s *site) (string, error) { return filepath.Join(s.dir, "raw"), nil },
		dial:  dialSync,
	})
)

const syncBytes = 4 << 10

// floorServer runs this program as the server of a floor.
func floorServer(kind string) func(*site) (string, error) {
	return func(s *site) (string, error) {
		addr, err := freeAddr()
		if err != nil {
			return "", err
		}
		self, err := os.Executable()
		if err != nil {
			return "", err
		}
		if err := s.run(self, "floor", kind, addr); err != nil {
			return "", err
		}
		return addr, s.answers(addr)
	}
}

// runFloor is the server's process. It ends by a signal.
func runFloor(kind, addr string) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	switch kind {
	case "copy":
		return serveCopy(listener)
	case "echo":
		s := grpc.NewServer()
		s.RegisterService(&echoService, nil)
		return s.Serve(listener)
	}
	return fmt.Errorf("no floor is called %q", kind)
}

// A connection says first which it is.
const (
	copyFrom = 'p'
	copyTo   = 's'
)

func serveCopy(listener net.Listener) error {
	readers := make(chan net.Conn, 1)
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			var kind [1]byte
			if _, err := io.ReadFull(conn, kind[:]); err != nil {
				return
			}
			switch kind[0] {
			case copyTo:
				if _, err := conn.Write(kind[:]); err == nil { // confirmed
					readers <- conn
					_, _ = io.Copy(io.Discard, conn) // until the reader leaves
				}
			case copyFrom:
				// Without the kernel's shortcut from socket to socket, which no broker can take.
				to := struct{ io.Writer }{<-readers}
				_, _ = io.CopyBuffer(to, struct{ io.Reader }{conn}, make([]byte, 64<<10))
			}
		}()
	}
}

type copyDriver struct{ conn net.Conn }

func dialCopy(addr string) (driver, error) {
	conn, err := net.Dial("tcp", addr)
	return &copyDriver{conn}, err
}

func (d *copyDriver) close() error                  { return d.conn.Close() }
func (d *copyDriver) waiter(string) (waiter, error) { return nil, errCannot }

func (d *copyDriver) publisher(string) (publisher, error) {
	_, err := d.conn.Write([]byte{copyFrom})
	return &copyPublisher{d.conn, bufio.NewWriterSize(d.conn, respBuffer)}, err
}

type copyPublisher struct {
	conn net.Conn
	w    *bufio.Writer
}

// publish writes the size first: four bytes, the least that a protocol needs.
func (p *copyPublisher) publish(data []byte) error {
	n := len(data)
	if _, err := p.w.Write([]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}); err != nil {
		return err
	}
	_, err := p.w.Write(data)
	return err
}

func (p *copyPublisher) flush() error    { return p.w.Flush() }
func (p *copyPublisher) unanswered() int { return 0 }
func (p *copyPublisher) close() error    { return errors.Join(p.w.Flush(), p.conn.Close()) }

func (d *copyDriver) subscribe(ctx context.Context, _ string, ready func(), each func([]byte) error) error {
	stop := context.AfterFunc(ctx, func() { d.conn.Close() })
	defer stop()
	r := bufio.NewReaderSize(d.conn, respBuffer)
	if _, err := d.conn.Write([]byte{copyTo}); err != nil {
		return err
	}
	if _, err := r.ReadByte(); err != nil {
		return err
	}
	ready()
	for {
		head, err := r.Peek(4)
		if err != nil {
			break
		}
		n := 4 + (int(head[0]) | int(head[1])<<8 | int(head[2])<<16 | int(head[3])<<24)
		message, err := r.Peek(n)
		if err != nil {
			break
		}
		if err := each(message[4:]); err != nil {
			return err
		}
		if _, err := r.Discard(n); err != nil {
			return err
		}
	}
	return nil // the publisher left, or ctx ended; what was lost shows in the counts
}

// echoService answers each message with itself.
var echoService = grpc.ServiceDesc{
	ServiceName: "peers.Echo",
	Methods: []grpc.MethodDesc{{MethodName: "Call", Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		m := new(wrapperspb.BytesValue)
		return m, decode(m)
	}}},
	Streams: []grpc.StreamDesc{{StreamName: "Stream", ServerStreams: true, ClientStreams: true, Handler: func(_ any, stream grpc.ServerStream) error {
		for {
			m := new(wrapperspb.BytesValue)
			if err := stream.RecvMsg(m); err != nil {
				return nil // the client left
			}
			if err := stream.SendMsg(m); err != nil {
				return err
			}
		}
	}}},
}

type echoDriver struct {
	conn    *grpc.ClientConn
	streams bool
}

func dialEcho(streams bool) func(string) (driver, error) {
	return func(addr string) (driver, error) {
		conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
		return &echoDriver{conn, streams}, err
	}
}

func (d *echoDriver) close() error                        { return d.conn.Close() }
func (d *echoDriver) publisher(string) (publisher, error) { return nil, errCannot }
func (d *echoDriver) subscribe(context.Context, string, func(), func([]byte) error) error {
	return errCannot
}

func (d *echoDriver) waiter(string) (waiter, error) {
	if !d.streams {
		return func(data []byte) error {
			out := new(wrapperspb.BytesValue)
			return d.conn.Invoke(context.Background(), "/peers.Echo/Call", wrapperspb.Bytes(data), out)
		}, nil
	}
	stream, err := d.conn.NewStream(context.Background(), &echoService.Streams[0], "/peers.Echo/Stream")
	if err != nil {
		return nil, err
	}
	return func(data []byte) error {
		if err := stream.SendMsg(wrapperspb.Bytes(data)); err != nil {
			return err
		}
		return stream.RecvMsg(new(wrapperspb.BytesValue))
	}, nil
}

type syncDriver struct{ file *os.File }

func dialSync(path string) (driver, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	return &syncDriver{file}, err
}

func (d *syncDriver) close() error                        { return d.file.Close() }
func (d *syncDriver) publisher(string) (publisher, error) { return nil, errCannot }
func (d *syncDriver) subscribe(context.Context, string, func(), func([]byte) error) error {
	return errCannot
}

func (d *syncDriver) waiter(string) (waiter, error) {
	block := make([]byte, syncBytes)
	return func(data []byte) error {
		copy(block, data)
		if _, err := d.file.Write(block); err != nil {
			return err
		}
		return d.file.Sync()
	}, nil
}
