package server_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"linger/broker"
	"linger/internal/server"
	lingerv1 "linger/proto/linger/v1"
)

// Beyond the most connections a new one is closed at once; those that are open go on, and one that ends makes room.
func TestConnectionsAreBounded(t *testing.T) {
	s := start(t, func(c *server.Config, _ *broker.Config) { c.MaxConnections = 1 })
	check := func() (*grpc.ClientConn, error) {
		conn, err := grpc.NewClient(s.GRPCAddr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		_, err = healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{})
		return conn, err
	}
	first, err := check()
	if err != nil {
		t.Fatal(err)
	}
	_, err = check()
	wantCode(t, err, codes.Unavailable)
	if _, err := healthpb.NewHealthClient(first).Check(t.Context(), &healthpb.HealthCheckRequest{}); err != nil {
		t.Errorf("the first connection: %v", err)
	}
	if code, _ := s.get("/healthz"); code != http.StatusOK { // another service, with room of its own
		t.Errorf("HTTP: %d", code)
	}
	_ = first.Close()
	for deadline := time.Now().Add(10 * time.Second); ; {
		if _, err = check(); err == nil || time.Now().After(deadline) {
			break
		}
	}
	if err != nil {
		t.Errorf("no room after the first connection ended: %v", err)
	}
}

func TestHTTPConnectionsAreBounded(t *testing.T) {
	s := start(t, func(c *server.Config, _ *broker.Config) { c.MaxConnections = 1 })
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", strings.Replace(s.HTTPAddr(), "localhost", "127.0.0.1", 1))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	ask := func(conn net.Conn) error {
		_, _ = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") // the reading tells
		_, err := conn.Read(make([]byte, 1))
		return err
	}
	if err := ask(dial()); err != nil {
		t.Fatal(err)
	}
	if err := ask(dial()); err == nil {
		t.Error("a second connection was answered")
	}
}

// A connection carries 256 calls at a time; what is beyond waits at the client.
func TestCallsOfAConnectionAreBounded(t *testing.T) {
	s := start(t, nil)
	conn := s.dial()
	subscribe := func(ctx context.Context) error {
		stream, err := lingerv1.NewSubscribeServiceClient(conn).Subscribe(ctx, coversAll("t"))
		if err == nil {
			_, err = stream.Recv()
		}
		return err
	}
	for range 256 {
		if err := subscribe(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	wantCode(t, subscribe(ctx), codes.DeadlineExceeded)
}

// What a stream that is not read may hold is told to every client, as HTTP/2 has it; a connection's is four times as much.
func TestWindowsAreTold(t *testing.T) {
	const window = 1 << 20
	s := start(t, func(c *server.Config, _ *broker.Config) { c.StreamWindow = window })
	conn, err := net.Dial("tcp", s.GRPCAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	frames := http2.NewFramer(conn, conn)
	if err := frames.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	var stream, whole uint32 // of the connection, beyond what it has at first
	for stream == 0 || whole == 0 {
		frame, err := frames.ReadFrame()
		if err != nil {
			t.Fatalf("windows %d and %d, then %v", stream, whole, err)
		}
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			if v, ok := f.Value(http2.SettingInitialWindowSize); ok {
				stream = v
			}
		case *http2.WindowUpdateFrame:
			whole = f.Increment
		}
	}
	const atFirst = 64<<10 - 1
	if stream != window || whole != 4*window-atFirst {
		t.Errorf("a stream's window is %d, the connection's %d", stream, whole+atFirst)
	}
}

// unfinished begins a call on the gRPC port whose request never ends, and returns the status that it gets.
func (r *running) unfinished(method string) string {
	r.t.Helper()
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols}
	r.t.Cleanup(transport.CloseIdleConnections)
	body, feed := io.Pipe()
	go func() {
		_, _ = feed.Write([]byte("\x00\x00\x40\x00\x00")) // announces 4 MiB
		_, _ = feed.Write(make([]byte, 64<<10))           // and stops
	}()
	defer func() { _ = feed.CloseWithError(errors.New("the test has ended")) }()
	ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+r.GRPCAddr()+method, body)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header = http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body) // what follows it counts
	return resp.Header.Get("Grpc-Status") + resp.Trailer.Get("Grpc-Status")
}

// A request that begins and does not end is given up; a call whose request came lasts as long as it likes.
func TestUnfinishedRequestsAreGivenUp(t *testing.T) {
	s := start(t, func(c *server.Config, _ *broker.Config) {
		c.Arrival = 200 * time.Millisecond
		c.Heartbeat = 50 * time.Millisecond
	})
	sub := s.subscribe(coversAll("t"))
	stream := s.openStream(producer, 0)
	for _, method := range []string{lingerv1.PublishService_Publish_FullMethodName, lingerv1.SubscribeService_Subscribe_FullMethodName} {
		if got := s.unfinished(method); got != "4" { // DEADLINE_EXCEEDED
			t.Errorf("%s: status %q", method, got)
		}
	}
	stream.send(&lingerv1.PublishRequest{Request: 1, Batches: []*lingerv1.Batch{batch("t", time.Minute, "x")}})
	stream.recv()
	if got := sub.texts(1); got[0] != "x" {
		t.Errorf("the subscription got %q", got)
	}
}
