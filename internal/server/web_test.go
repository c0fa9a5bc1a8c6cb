package server_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"linger/broker"
	"linger/internal/server"
	lingerv1 "linger/proto/linger/v1"
)

// webCall is one gRPC-Web call as a browser makes it.
type webCall struct {
	t    testing.TB
	resp *http.Response
}

func (r *running) webCall(ctx context.Context, method string, in proto.Message, headers ...string) *webCall {
	r.t.Helper()
	b, err := proto.Marshal(in)
	if err != nil {
		r.t.Fatal(err)
	}
	body := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(b))), b...)
	req := r.request(http.MethodPost, "/linger.v1."+method, string(body), append([]string{
		"Content-Type", "application/grpc-web+proto", "X-Grpc-Web", "1",
	}, headers...)...)
	resp := r.do(req.WithContext(ctx))
	if resp.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: HTTP %d", method, resp.StatusCode)
	}
	return &webCall{r.t, resp}
}

// frame reads one frame: a message into m, or the trailer's text.
func (c *webCall) frame(m proto.Message) (trailer string, err error) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(c.resp.Body, head); err != nil {
		return "", err
	}
	b := make([]byte, binary.BigEndian.Uint32(head[1:]))
	if _, err := io.ReadFull(c.resp.Body, b); err != nil {
		return "", err
	}
	if head[0] == 0x80 {
		return strings.ToLower(string(b)), nil
	}
	if err := proto.Unmarshal(b, m); err != nil {
		c.t.Fatal(err)
	}
	return "", nil
}

func (c *webCall) message(m proto.Message) {
	c.t.Helper()
	if trailer, err := c.frame(m); trailer != "" || err != nil {
		c.t.Fatalf("instead of a message: %q, %v", trailer, err)
	}
}

func TestWebUnary(t *testing.T) {
	s := start(t, nil)
	call := s.webCall(t.Context(), "PublishService/Publish", &lingerv1.PublishRequest{Batches: []*lingerv1.Batch{batch("t", time.Minute, "from a browser")}})
	var m lingerv1.PublishResponse
	call.message(&m)
	if m.Results[0].FirstSequence != 1 {
		t.Errorf("answer %v", &m)
	}
	if trailer, err := call.frame(nil); err != nil || !strings.Contains(trailer, "grpc-status: 0") {
		t.Errorf("trailer %q, %v", trailer, err)
	}
	call = s.webCall(t.Context(), "TopicService/GetTopic", &lingerv1.GetTopicRequest{Name: "nowhere"})
	if status := call.resp.Header.Get("Grpc-Status"); status != "5" {
		if trailer, err := call.frame(nil); err != nil || !strings.Contains(trailer, "grpc-status: 5") {
			t.Errorf("not found: header %q, trailer %q, %v", status, trailer, err)
		}
	}
}

// Headers leave at once, so that a page can show that it is connected; each message arrives on its own.
func TestWebStreamsLive(t *testing.T) {
	s := start(t, nil)
	call := s.webCall(t.Context(), "SubscribeService/Subscribe", coversAll("t")) // returns with the headers
	var m lingerv1.SubscribeResponse
	call.message(&m)
	if m.GetHello() == nil {
		t.Fatalf("first %v", &m)
	}
	for m.GetCaughtUp() == nil {
		call.message(&m)
	}
	for i := range 5 {
		text := fmt.Sprint("live ", i)
		s.publish("t", time.Minute, text)
		call.message(&m)
		if got := string(m.Runs[0].Messages[0].Data); got != text {
			t.Fatalf("got %q, want %q", got, text)
		}
	}
}

func TestWebWatchBeginsWithHello(t *testing.T) {
	s := start(t, nil)
	call := s.webCall(t.Context(), "WatchService/Watch", &lingerv1.WatchRequest{})
	var m lingerv1.WatchResponse
	if call.message(&m); m.Hello == nil {
		t.Errorf("first %v", &m)
	}
	for m.Server == nil {
		call.message(&m)
	}
}

// When the server stops, the last frame says so: a browser that saw the connection cut could not tell it from a crash.
func TestWebStreamEndsWithAStatus(t *testing.T) {
	s := start(t, patient)
	calls := map[string]*webCall{
		"subscribe": s.webCall(t.Context(), "SubscribeService/Subscribe", coversAll("t")),
		"watch":     s.webCall(t.Context(), "WatchService/Watch", &lingerv1.WatchRequest{}),
	}
	s.ends()
	for name, call := range calls {
		trailer := ""
		for trailer == "" {
			var err error
			var m lingerv1.SubscribeResponse
			if name == "watch" {
				trailer, err = call.frame(&lingerv1.WatchResponse{})
			} else {
				trailer, err = call.frame(&m)
			}
			if err != nil {
				t.Fatalf("%s: cut without a trailer: %v", name, err)
			}
		}
		if !strings.Contains(trailer, "grpc-status: 14") || !strings.Contains(trailer, "server") {
			t.Errorf("%s: trailer %q", name, trailer)
		}
	}
}

// A closed tab ends its subscription.
func TestWebAbortEndsTheSubscription(t *testing.T) {
	s := start(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	call := s.webCall(ctx, "SubscribeService/Subscribe", coversAll("t"))
	call.message(&lingerv1.SubscribeResponse{})
	if n := s.broker.Stats().Subscriptions; n != 1 {
		t.Errorf("%d subscriptions", n)
	}
	cancel()
	for s.broker.Stats().Subscriptions > 0 || s.streams("web") > 0 {
		time.Sleep(time.Millisecond) // the test's own timeout is the bound
	}
}

func TestWebDeadline(t *testing.T) {
	s := start(t, nil)
	call := s.webCall(t.Context(), "SubscribeService/Subscribe", coversAll("t"), "Grpc-Timeout", "100m")
	for {
		trailer, err := call.frame(&lingerv1.SubscribeResponse{})
		if err != nil {
			t.Fatal(err)
		}
		if trailer != "" {
			if !strings.Contains(trailer, "grpc-status: 4") {
				t.Errorf("trailer %q", trailer)
			}
			return
		}
	}
}

func TestWebCORS(t *testing.T) {
	s := start(t, func(c *server.Config, _ *broker.Config) { c.AllowOrigins = []string{"https://friend.example"} })
	for origin, allowed := range map[string]bool{"https://friend.example": true, "https://evil.example": false} {
		resp := s.do(s.request(http.MethodOptions, "/linger.v1.WatchService/Watch", "", "Origin", origin,
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type,x-grpc-web"))
		if got := resp.Header.Get("Access-Control-Allow-Origin"); (got == origin) != allowed {
			t.Errorf("%s: allowed origin %q", origin, got)
		}
	}
	resp := s.do(s.request(http.MethodPost, "/linger.v1.WatchService/Watch", "", "Content-Type", "application/grpc"))
	if resp.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("native gRPC over HTTP: %d", resp.StatusCode)
	}
}

// A reader that does not read holds up neither publishers nor other readers.
func TestWebStalledReaderCostsNobody(t *testing.T) {
	s := start(t, nil)
	s.webCall(t.Context(), "SubscribeService/Subscribe", coversAll("t"))
	sub := s.subscribe(coversAll("t"))
	large := strings.Repeat("x", 1<<20)
	for range 32 {
		s.publish("t", time.Minute, large)
		sub.texts(1)
	}
}

func TestWebEndOfBodyIsNotAnError(t *testing.T) {
	s := start(t, nil)
	call := s.webCall(t.Context(), "TopicService/ListTopics", &lingerv1.ListTopicsRequest{})
	call.message(&lingerv1.ListTopicsResponse{})
	if _, err := call.frame(nil); err != nil {
		t.Error(err)
	}
	if _, err := call.frame(nil); !errors.Is(err, io.EOF) {
		t.Errorf("after the trailer: %v", err)
	}
}

// What a browser's call sends beyond a request is not read, let alone kept.
func TestWebBodyIsBounded(t *testing.T) {
	s := start(t, nil)
	conn, err := net.Dial("tcp", strings.Replace(s.HTTPAddr(), "localhost", "127.0.0.1", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	const announced = 1 << 30
	fmt.Fprintf(conn, "POST /linger.v1.SubscribeService/Subscribe HTTP/1.1\r\nHost: localhost\r\n"+
		"Content-Type: application/grpc-web+proto\r\nX-Grpc-Web: 1\r\nContent-Length: %d\r\n\r\n", announced)
	request, err := proto.Marshal(coversAll("t"))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = conn.Write(append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(request))), request...)) // what follows tells
	taken := 0
	for chunk := make([]byte, 1<<20); taken < 128<<20; taken += len(chunk) { // of which the sockets hold some
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
		if _, err := conn.Write(chunk); err != nil {
			break
		}
	}
	if taken >= 128<<20 {
		t.Errorf("%d bytes were taken", taken)
	}
}
