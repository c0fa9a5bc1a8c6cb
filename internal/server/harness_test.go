package server_test

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"linger/broker"
	"linger/broker/memlog"
	"linger/internal/server"
	lingerv1 "linger/proto/linger/v1"
	"linger/web"
)

// running is a server on free ports of this machine, on a broker of its own.
type running struct {
	*server.Server
	t      testing.TB
	broker *broker.Broker
	stop   func() error // begins the shutdown and waits for it
}

type discard struct{ t testing.TB }

// Write shows the server's log with a failing test.
func (d discard) Write(b []byte) (int, error) {
	d.t.Log(string(b))
	return len(b), nil
}

func openBroker(t testing.TB, c broker.Config) *broker.Broker {
	t.Helper()
	if c.Log == nil {
		c.Clock = broker.NewClock(time.Now)
		c.Log = memlog.New(memlog.Options{Clock: c.Clock})
	}
	c.Stops = web.Stops()
	b, err := broker.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// opened is what opens a broker that is open.
func opened(b *broker.Broker) server.Opener {
	return func(context.Context, func(done, total int64)) (*broker.Broker, error) { return b, nil }
}

// patient has a stop wait for what does not end by itself for longer than ends does.
func patient(c *server.Config, _ *broker.Config) { c.Grace = 2 * time.Minute }

// ends stops the server, a patient one if all is to end by itself, and fails when that has to wait.
func (r *running) ends() {
	r.t.Helper()
	stopped := make(chan error, 1)
	go func() { stopped <- r.stop() }() // ends with the server
	select {
	case err := <-stopped:
		if err != nil {
			r.t.Error(err)
		}
	case <-time.After(time.Minute): // more than any machine needs
		r.t.Fatal("the server did not stop within a minute")
	}
}

// start runs a server until the test ends. change may be nil.
func start(t testing.TB, change func(*server.Config, *broker.Config)) *running {
	t.Helper()
	config := server.Config{GRPC: "localhost:0", HTTP: "localhost:0", Version: "1.2.3-test", Logger: slog.New(slog.NewTextHandler(discard{t}, nil))}
	var brokerConfig broker.Config
	if change != nil {
		change(&config, &brokerConfig)
	}
	b := openBroker(t, brokerConfig)
	config.Open = opened(b)
	s, err := server.New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	<-s.Ready()
	r := &running{Server: s, t: t, broker: b}
	r.stop = func() error {
		cancel()
		err := <-ended
		ended <- err
		return err
	}
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("the server's end: %v", err)
		}
	})
	return r
}

// dial is a connection of its own.
func (r *running) dial() *grpc.ClientConn {
	r.t.Helper()
	conn, err := grpc.NewClient(r.GRPCAddr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func (r *running) url(path string) string { return "http://" + r.HTTPAddr() + path }

func (r *running) do(req *http.Request) *http.Response {
	r.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// publish sends one batch of messages and returns its result.
func (r *running) publish(topic string, ttl time.Duration, texts ...string) *lingerv1.BatchResult {
	r.t.Helper()
	resp, err := lingerv1.NewPublishServiceClient(r.dial()).Publish(r.t.Context(),
		&lingerv1.PublishRequest{Batches: []*lingerv1.Batch{batch(topic, ttl, texts...)}})
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.Results[0]
}

func batch(topic string, ttl time.Duration, texts ...string) *lingerv1.Batch {
	b := &lingerv1.Batch{Topic: topic, Ttl: durationpb.New(ttl)}
	for _, text := range texts {
		b.Messages = append(b.Messages, &lingerv1.Message{Data: []byte(text)})
	}
	return b
}

func wantCode(t testing.TB, err error, code codes.Code) *status.Status {
	t.Helper()
	st := status.Convert(err)
	if st.Code() != code {
		t.Fatalf("code %v (%s), want %v", st.Code(), st.Message(), code)
	}
	return st
}

// reader takes a subscription apart into messages.
type reader struct {
	t      testing.TB
	stream grpc.ServerStreamingClient[lingerv1.SubscribeResponse]
	hello  *lingerv1.Hello
	runs   []*lingerv1.Run
	caught bool
	token  []byte
	reset  *lingerv1.Reset
}

func (r *running) subscribe(in *lingerv1.SubscribeRequest) *reader {
	r.t.Helper()
	stream, err := lingerv1.NewSubscribeServiceClient(r.dial()).Subscribe(r.t.Context(), in)
	if err != nil {
		r.t.Fatal(err)
	}
	first, err := stream.Recv()
	if err != nil {
		r.t.Fatal(err)
	}
	if first.GetHello() == nil {
		r.t.Fatalf("the first response is %v", first)
	}
	return &reader{t: r.t, stream: stream, hello: first.GetHello()}
}

// texts reads n messages.
func (r *reader) texts(n int) (texts []string) {
	r.t.Helper()
	for len(texts) < n {
		m, err := r.stream.Recv()
		if err != nil {
			r.t.Fatalf("after %d of %d messages: %v", len(texts), n, err)
		}
		r.note(m)
		for _, run := range m.Runs {
			r.runs = append(r.runs, run)
			for _, message := range run.Messages {
				texts = append(texts, string(message.Data))
			}
		}
	}
	return texts
}

// untilCaughtUp reads the end of what was retained.
func (r *reader) untilCaughtUp() {
	r.t.Helper()
	for !r.caught {
		m, err := r.stream.Recv()
		if err != nil {
			r.t.Fatal(err)
		}
		r.note(m)
		r.runs = append(r.runs, m.Runs...)
	}
}

func (r *reader) note(m *lingerv1.SubscribeResponse) {
	r.token = m.ResumeToken
	r.caught = r.caught || m.GetCaughtUp() != nil
	if m.GetReset_() != nil {
		r.reset = m.GetReset_()
	}
}

func coversAll(patterns ...string) *lingerv1.SubscribeRequest {
	return &lingerv1.SubscribeRequest{Patterns: patterns}
}
