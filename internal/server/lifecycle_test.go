package server_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"linger/broker"
	"linger/internal/server"
	"linger/proto/exercise"
	lingerv1 "linger/proto/linger/v1"
)

func TestZeroConfigNeedsOnlyABroker(t *testing.T) {
	if err := (server.Config{Open: opened(openBroker(t, broker.Config{}))}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestConfigReportsEveryProblemAtOnce(t *testing.T) {
	err := server.Config{
		GRPC: "nowhere", HTTP: "localhost:99999", PublicHosts: []string{"http://x"}, AllowOrigins: []string{"x.example/path"},
		MaxMessage: 17 << 20, MaxConnections: -1, StreamWindow: 17 << 20, ExerciseTopic: "two words", Heartbeat: -1, Arrival: -1, Grace: -1,
	}.Validate()
	for _, want := range []string{"open", "grpc address", "http address", "public host", "allowed origin", "largest message", "most connections", "stream window", "exercise topic", "heartbeat", "arrival", "grace"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %s in:\n%v", want, err)
		}
	}
}

func TestLocalhostIsBothFamilies(t *testing.T) {
	s := start(t, nil)
	if !strings.HasPrefix(s.HTTPAddr(), "localhost:") || strings.HasSuffix(s.HTTPAddr(), ":0") || s.Exposed() {
		t.Errorf("HTTP on %s, exposed %v", s.HTTPAddr(), s.Exposed())
	}
	_, port, err := net.SplitHostPort(s.HTTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	hosts := []string{"127.0.0.1"}
	if l, err := net.Listen("tcp", "[::1]:0"); err == nil {
		_ = l.Close()
		hosts = append(hosts, "::1")
	}
	for _, host := range hosts {
		resp, err := http.Get("http://" + net.JoinHostPort(host, port) + "/healthz")
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		_ = resp.Body.Close()
	}
}

func TestPortInUse(t *testing.T) {
	s := start(t, nil)
	b := openBroker(t, broker.Config{})
	for service, c := range map[string]server.Config{
		"gRPC": {Open: opened(b), GRPC: s.GRPCAddr(), HTTP: "localhost:0"},
		"HTTP": {Open: opened(b), GRPC: "localhost:0", HTTP: s.HTTPAddr()},
	} {
		_, err := server.New(c)
		var inUse *server.PortInUseError
		if !errors.As(err, &inUse) || inUse.Service != service || !strings.HasPrefix(inUse.Addr, "localhost:") {
			t.Errorf("%s: %v", service, err)
		}
	}
}

func TestExposed(t *testing.T) {
	s := start(t, func(c *server.Config, _ *broker.Config) { c.GRPC = "0.0.0.0:0" })
	if !s.Exposed() {
		t.Error("not exposed")
	}
	if _, body := s.get("/"); !strings.Contains(body, "authentication") {
		t.Error("the page does not warn")
	}
}

// Contract 5: a difference of more than a second from the wall clock is logged and shown, on every page and in the numbers.
func TestDriftIsShown(t *testing.T) {
	var log bytes.Buffer // read when the server has ended
	s := start(t, func(c *server.Config, _ *broker.Config) {
		c.WallClock = func() time.Time { return time.Now().Add(-time.Hour) }
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	s.publish("t", time.Minute, "x")
	for _, path := range []string{"/", "/topics", "/topics/t", "/topics/t/1", "/nowhere"} {
		if _, body := s.get(path); !strings.Contains(body, "1 h ahead of the wall clock") {
			t.Errorf("%s does not tell", path)
		}
	}
	if _, body := s.get("/metrics"); !strings.Contains(body, "\nlinger_clock_drift_seconds 3") {
		t.Error("the metrics do not tell")
	}
	watch, err := lingerv1.NewWatchServiceClient(s.dial()).Watch(t.Context(), &lingerv1.WatchRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var numbers *lingerv1.ServerStats
	for numbers == nil {
		m, err := watch.Recv()
		if err != nil {
			t.Fatal(err)
		}
		numbers = m.Server
	}
	if ms := numbers.ClockDriftMs; ms < 3_599_000 || ms > 3_601_000 {
		t.Errorf("the watch tells %d ms", ms)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(log.String(), "the wall clock was set"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, &log)
	}

	agreeing := start(t, nil)
	if _, body := agreeing.get("/"); strings.Contains(body, "of the wall clock") {
		t.Error("told without reason")
	}
}

// Every stream ends with UNAVAILABLE, at once, and a publish stream only after the answers to what it sent.
func TestShutdownEndsStreams(t *testing.T) {
	s := start(t, patient)
	sub := s.subscribe(coversAll("t"))
	pub := s.openStream(producer, 0)
	watch, err := lingerv1.NewWatchServiceClient(s.dial()).Watch(t.Context(), &lingerv1.WatchRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := watch.Recv(); err != nil {
		t.Fatal(err)
	}
	line := make(chan error, 1)
	conn := s.dial()
	go func() {
		_, err := exercise.NewPubsubClient(conn).PubsubServe(context.Background(), &exercise.Mes2Server{})
		line <- err
	}()
	for s.streams("exercise") == 0 {
		time.Sleep(time.Millisecond) // polls a number of the server's
	}
	pub.send(&lingerv1.PublishRequest{Request: 1, Batches: []*lingerv1.Batch{batch("t", time.Minute, "x")}})
	pub.recv()

	s.ends()
	ends := map[string]func() error{
		"subscribe": func() error { _, err := sub.stream.Recv(); return err },
		"publish":   func() error { _, err := pub.stream.Recv(); return err },
		"watch":     func() error { _, err := watch.Recv(); return err },
	}
	for name, recv := range ends {
		var err error
		for err == nil {
			err = recv()
		}
		if st := wantCode(t, err, codes.Unavailable); st.Message() != "server stopping" {
			t.Errorf("%s: %q", name, st.Message())
		}
	}
	wantCode(t, <-line, codes.Unavailable)
	if _, err := net.Dial("tcp", s.GRPCAddr()); err == nil {
		t.Error("the address is still open")
	}
}

// What is under way when the server stops is answered, or ends; nothing waits for ever.
func TestShutdownUnderLoad(t *testing.T) {
	s := start(t, nil)
	p := s.openStream(producer, 0)
	sent := make(chan uint64, 1)
	go func() {
		n := uint64(0)
		for p.stream.Send(&lingerv1.PublishRequest{Request: n + 1, Batches: []*lingerv1.Batch{batch("t", time.Minute, "x")}}) == nil {
			n++
		}
		sent <- n
	}()
	answered := uint64(0)
	for answered < 100 {
		answered = p.recv().Request
	}
	stopped := make(chan error, 1)
	go func() { stopped <- s.stop() }()
	for {
		m, err := p.stream.Recv()
		if err != nil {
			wantCode(t, err, codes.Unavailable)
			break
		}
		if m.Request != answered+1 {
			t.Fatalf("answer %d after %d", m.Request, answered)
		}
		answered = m.Request
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if n := <-sent; answered > n+1 {
		t.Errorf("%d answered, %d sent", answered, n)
	}
}

// A client that never reads must not hold up the stop for longer than the grace period.
func TestShutdownCutsWhatDoesNotEnd(t *testing.T) {
	s := start(t, func(c *server.Config, _ *broker.Config) { c.Grace = 50 * time.Millisecond })
	conn, err := grpc.NewClient(s.GRPCAddr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	health, err := healthpb.NewHealthClient(conn).Watch(t.Context(), &healthpb.HealthCheckRequest{}) // does not end by itself
	if err != nil {
		t.Fatal(err)
	}
	if _, err := health.Recv(); err != nil {
		t.Fatal(err)
	}
	stalled := s.webCall(t.Context(), "SubscribeService/Subscribe", coversAll("t"))
	for range 16 {
		s.publish("t", time.Minute, strings.Repeat("x", 1<<20))
	}
	s.ends()
	_, _ = io.Copy(io.Discard, stalled.resp.Body) // ends, however
}

// Browsers open connections ahead of need; a stop does not wait for a request on them.
func TestShutdownClosesUnusedConnections(t *testing.T) {
	s := start(t, patient)
	conn, err := net.Dial("tcp", s.HTTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	s.get("/healthz") // accepted after conn was
	s.ends()
}

// Clients that do not read, more of them than there are goroutines that serve readers, hold up neither publishers nor a client
// that does, and have everything in order once they do read.
func TestStalledReaderCostsNobody(t *testing.T) {
	s := start(t, nil)
	stalled := make([]*reader, 2*runtime.GOMAXPROCS(0))
	for i := range stalled {
		stalled[i] = s.subscribe(coversAll("t"))
	}
	publisher := lingerv1.NewPublishServiceClient(s.dial())
	var want []string
	publish := func(i int) {
		text := strings.Repeat(string(rune('a'+i%26)), []int{100, 2000, 50_000}[i%3])
		in := &lingerv1.PublishRequest{Batches: []*lingerv1.Batch{batch("t", time.Minute, text)}}
		if _, err := publisher.Publish(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		want = append(want, text)
	}
	for i := range 300 { // to them alone
		publish(i)
	}
	sub := s.subscribe(coversAll("t"))
	if got := sub.texts(len(want)); !slices.Equal(got, want) {
		t.Error("who came late had other messages, or in another order")
	}
	for i := range 300 {
		publish(i)
		if got := sub.texts(1); got[0] != want[len(want)-1] {
			t.Fatalf("message %d differs", len(want))
		}
	}
	for _, late := range stalled {
		if got := late.texts(len(want)); !slices.Equal(got, want) {
			t.Error("who read late had other messages, or in another order")
		}
	}
}
