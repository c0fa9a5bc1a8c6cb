package server_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"linger/broker"
	"linger/internal/server"
	"linger/proto/exercise"
	lingerv1 "linger/proto/linger/v1"
	"linger/static"
)

// slowStore is opened when the test says so.
type slowStore struct {
	opening chan func(done, total int64) // how the server is told of progress
	opened  chan error                   // lets open end
	broker  *broker.Broker
}

func (s *slowStore) open(ctx context.Context, progress func(done, total int64)) (*broker.Broker, error) {
	s.opening <- progress
	select {
	case err := <-s.opened:
		return s.broker, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// recovering runs a server whose store has just begun to be read. ended gives what Run returns.
func recovering(t *testing.T) (r *running, store *slowStore, progress func(done, total int64), cancel context.CancelFunc, ended chan error) {
	t.Helper()
	store = &slowStore{opening: make(chan func(done, total int64)), opened: make(chan error), broker: openBroker(t, broker.Config{})}
	s, err := server.New(server.Config{GRPC: "localhost:0", HTTP: "localhost:0", Version: "1.2.3-test", Open: store.open})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended = make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(cancel)
	return &running{Server: s, t: t, broker: store.broker}, store, <-store.opening, cancel, ended
}

func wantEnd(t *testing.T, ended <-chan error) error {
	t.Helper()
	select {
	case err := <-ended:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("the server does not end")
		return nil
	}
}

func (r *running) health() healthpb.HealthCheckResponse_ServingStatus {
	r.t.Helper()
	resp, err := healthpb.NewHealthClient(r.dial()).Check(r.t.Context(), &healthpb.HealthCheckRequest{})
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.Status
}

// While the store is read the server answers that it is alive, how far it is, and nothing else.
func TestRecovering(t *testing.T) {
	s, store, progress, cancel, ended := recovering(t)
	get := func(path string) (*http.Response, string) {
		t.Helper()
		resp := s.do(s.request(http.MethodGet, path, ""))
		return resp, s.read(resp)
	}
	if resp, body := get("/healthz"); resp.StatusCode != http.StatusOK || body != "ok\n" {
		t.Errorf("alive: %d %q", resp.StatusCode, body)
	}
	resp, body := get("/readyz")
	if resp.StatusCode != http.StatusServiceUnavailable || !strings.HasPrefix(body, "recovering: the store is being opened, since ") {
		t.Errorf("ready: %d %q", resp.StatusCode, body)
	}
	progress(34_000, 100_000)
	resp, body = get("/readyz")
	if resp.StatusCode != http.StatusServiceUnavailable || !strings.HasPrefix(body, "recovering: 34 % of the store has been read, in ") || resp.Header.Get("Retry-After") == "" {
		t.Errorf("ready: %d %q %v", resp.StatusCode, body, resp.Header)
	}
	if got := s.health(); got != healthpb.HealthCheckResponse_NOT_SERVING {
		t.Errorf("health is %v", got)
	}
	if _, body := s.get("/metrics"); !strings.Contains(body, "\nlinger_ready 0\n") || strings.Contains(body, "linger_topics") {
		t.Errorf("metrics:\n%s", body)
	}
	for _, path := range []string{"/", "/topics", "/topics/hello", "/topics/hello/1", "/nowhere"} {
		resp, body := get(path)
		if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Refresh") == "" || resp.Header.Get("Retry-After") == "" ||
			!strings.Contains(body, "34 % of what is stored") || resp.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %d %v\n%s", path, resp.StatusCode, resp.Header, body)
		}
	}
	posted := s.do(s.request(http.MethodPost, "/publish", "topic=hello&message=x", "Accept", "application/json"))
	if text := s.read(posted); posted.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text, "The server is recovering: 34 %") || posted.Header.Get("Refresh") != "" {
		t.Errorf("a form: %d %s", posted.StatusCode, text)
	}
	if status, _ := s.get(static.Path("dist/app.css")); status != http.StatusOK {
		t.Errorf("the pages' style: %d", status)
	}
	if status, body := s.get("/", "Host", "evil.example"); status != http.StatusForbidden {
		t.Errorf("another name: %d %s", status, body)
	}

	store.opened <- nil
	<-s.Ready()
	if resp, body := get("/readyz"); resp.StatusCode != http.StatusOK || body != "ready\n" {
		t.Errorf("ready: %d %q", resp.StatusCode, body)
	}
	if _, body := s.get("/metrics"); !strings.Contains(body, "\nlinger_ready 1\n") || !strings.Contains(body, "\nlinger_topics 0\n") {
		t.Errorf("metrics:\n%s", body)
	}
	if resp, _ := get("/"); resp.StatusCode != http.StatusOK || resp.Header.Get("Refresh") != "" {
		t.Errorf("/: %d %v", resp.StatusCode, resp.Header)
	}
	s.publish("hello", time.Minute, "x")
	cancel()
	if err := wantEnd(t, ended); err != nil {
		t.Error(err)
	}
}

// Every call is answered with UNAVAILABLE, how far the recovery is and when to come again; health and reflection answer.
func TestCallsDuringARecovery(t *testing.T) {
	s, store, progress, cancel, ended := recovering(t)
	progress(1, 3)
	conn, ctx := s.dial(), t.Context()
	stream := func(open func() (grpc.ClientStream, error)) error {
		c, err := open()
		if err != nil {
			return err
		}
		return c.RecvMsg(&lingerv1.WatchResponse{})
	}
	for name, err := range map[string]error{
		"publish": func() error {
			_, err := lingerv1.NewPublishServiceClient(conn).Publish(ctx, &lingerv1.PublishRequest{})
			return err
		}(),
		"publish stream": stream(func() (grpc.ClientStream, error) { return lingerv1.NewPublishServiceClient(conn).PublishStream(ctx) }),
		"subscribe": stream(func() (grpc.ClientStream, error) {
			return lingerv1.NewSubscribeServiceClient(conn).Subscribe(ctx, coversAll("t"))
		}),
		"watch": stream(func() (grpc.ClientStream, error) {
			return lingerv1.NewWatchServiceClient(conn).Watch(ctx, &lingerv1.WatchRequest{})
		}),
		"topics": func() error {
			_, err := lingerv1.NewTopicServiceClient(conn).ListTopics(ctx, &lingerv1.ListTopicsRequest{})
			return err
		}(),
		"messages": func() error {
			_, err := lingerv1.NewRetainedServiceClient(conn).ListMessages(ctx, &lingerv1.ListMessagesRequest{})
			return err
		}(),
		"the exercise": func() error {
			_, err := exercise.NewPubsubClient(conn).PubsubServe(ctx, &exercise.Mes2Server{})
			return err
		}(),
	} {
		st := wantCode(t, err, codes.Unavailable)
		if !strings.HasPrefix(st.Message(), "the server is recovering: 33 % of the store has been read, in ") {
			t.Errorf("%s: %s", name, st.Message())
		}
		var reason string
		var retry time.Duration
		for _, d := range st.Details() {
			switch d := d.(type) {
			case *errdetails.ErrorInfo:
				reason = d.Reason
			case *errdetails.RetryInfo:
				retry = d.RetryDelay.AsDuration()
			}
		}
		if reason != "RECOVERING" || retry < time.Second {
			t.Errorf("%s: reason %q, retry in %v", name, reason, retry)
		}
	}
	watch, err := healthpb.NewHealthClient(conn).Watch(ctx, &healthpb.HealthCheckRequest{Service: "linger.v1.SubscribeService"})
	if err != nil {
		t.Fatal(err)
	}
	want := func(status healthpb.HealthCheckResponse_ServingStatus) {
		t.Helper()
		if resp, err := watch.Recv(); err != nil || resp.Status != status {
			t.Fatalf("health: %v, %v", resp, err)
		}
	}
	want(healthpb.HealthCheckResponse_NOT_SERVING)
	store.opened <- nil
	want(healthpb.HealthCheckResponse_SERVING)
	cancel()
	if err := wantEnd(t, ended); err != nil {
		t.Error(err)
	}
}

// A stop during a recovery ends it, in order.
func TestStopDuringARecovery(t *testing.T) {
	_, _, _, cancel, ended := recovering(t)
	cancel()
	if err := wantEnd(t, ended); err != nil {
		t.Error(err)
	}
}

// A store that cannot be opened ends the server with the store's own words.
func TestOpeningFails(t *testing.T) {
	s, store, _, _, ended := recovering(t)
	why := errors.New("the store is damaged")
	store.opened <- why
	if err := wantEnd(t, ended); !errors.Is(err, why) || err.Error() != why.Error() {
		t.Errorf("ended with %v", err)
	}
	conn, err := grpc.NewClient(s.GRPCAddr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{})
	wantCode(t, err, codes.Unavailable)
}
