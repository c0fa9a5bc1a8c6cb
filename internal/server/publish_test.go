package server_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	lingerv1 "linger/proto/linger/v1"
)

// What is wrong with the only batch is the call's error, with the details that programs read.
func TestUnaryErrorNamesTheField(t *testing.T) {
	s := start(t, nil)
	client := lingerv1.NewPublishServiceClient(s.dial())
	large := batch("t", time.Minute, "fine", strings.Repeat("x", 1<<20+1))
	_, err := client.Publish(t.Context(), &lingerv1.PublishRequest{Batches: []*lingerv1.Batch{large}})
	st := wantCode(t, err, codes.InvalidArgument)
	field := ""
	domain := ""
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.BadRequest:
			field = d.FieldViolations[0].Field
		case *errdetails.ErrorInfo:
			domain = d.Domain
		}
	}
	if field != "batches[0].messages[1].data" || domain != "linger" {
		t.Errorf("blames %q of %q: %v", field, domain, st)
	}

	_, err = client.Publish(t.Context(), &lingerv1.PublishRequest{Batches: []*lingerv1.Batch{batch("two words", time.Minute, "x")}})
	st = wantCode(t, err, codes.InvalidArgument)
	if !strings.HasPrefix(st.Message(), "batches[0].topic: ") {
		t.Errorf("message %q", st.Message())
	}
	_, err = client.Publish(t.Context(), &lingerv1.PublishRequest{Batches: []*lingerv1.Batch{batch("t", -time.Second, "x")}})
	if st = wantCode(t, err, codes.InvalidArgument); !strings.HasPrefix(st.Message(), "batches[0].ttl: ") {
		t.Errorf("message %q", st.Message())
	}
	for _, in := range []*lingerv1.PublishRequest{
		{},
		{Request: 1, Batches: []*lingerv1.Batch{batch("t", 0, "x")}},
		{ProducerId: make([]byte, 3)},
	} {
		_, err = client.Publish(t.Context(), in)
		wantCode(t, err, codes.InvalidArgument)
	}
}

// A message can be published with the deadline and the number that it had elsewhere.
func TestPublishWithDeadlineAndSequence(t *testing.T) {
	s := start(t, nil)
	client := lingerv1.NewPublishServiceClient(s.dial())
	send := func(b *lingerv1.Batch) (*lingerv1.BatchResult, error) {
		resp, err := client.Publish(t.Context(), &lingerv1.PublishRequest{Batches: []*lingerv1.Batch{b}})
		if err != nil {
			return nil, err
		}
		return resp.Results[0], nil
	}
	at := timestamppb.New(time.Now().Add(time.Minute).Truncate(time.Millisecond))
	moved := func(at *timestamppb.Timestamp, first uint64) *lingerv1.Batch {
		return &lingerv1.Batch{Topic: "t", ExpireTime: at, FirstSequence: first, Messages: []*lingerv1.Message{{}, {}}}
	}
	r, err := send(moved(at, 500))
	if err != nil || r.FirstSequence != 500 || !r.ExpireTime.AsTime().Equal(at.AsTime()) || r.Adjustment != 0 {
		t.Errorf("%v, %v", r, err)
	}
	_, err = send(moved(at, 501))
	st := wantCode(t, err, codes.FailedPrecondition)
	if !strings.HasPrefix(st.Message(), "batches[0].first_sequence: t has come to #501") || reasonOf(st) != "CONFLICT" {
		t.Errorf("%v", st)
	}
	_, err = send(moved(timestamppb.New(time.Now()), 0))
	if st = wantCode(t, err, codes.FailedPrecondition); reasonOf(st) != "DEADLINE_PASSED" {
		t.Errorf("%v", st)
	}
	both := moved(at, 0)
	both.Ttl = durationpb.New(time.Second)
	_, err = send(both)
	wantCode(t, err, codes.InvalidArgument)
	_, err = send(moved(at, 1<<53))
	wantCode(t, err, codes.InvalidArgument)
}

func reasonOf(st *status.Status) string {
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			return info.Reason
		}
	}
	return ""
}

// A failed batch stands in its result; the others are committed.
func TestFailedBatchSparesTheOthers(t *testing.T) {
	s := start(t, nil)
	resp, err := lingerv1.NewPublishServiceClient(s.dial()).Publish(t.Context(), &lingerv1.PublishRequest{Batches: []*lingerv1.Batch{
		batch("a", time.Minute, "x"), batch("b", time.Minute, "fine", strings.Repeat("x", 1<<20+1)), batch("c", time.Minute, "y"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	bad := resp.Results[1]
	if resp.Results[0].Count != 1 || resp.Results[2].Count != 1 || codes.Code(bad.Error.GetCode()) != codes.InvalidArgument ||
		bad.FailedMessage == nil || *bad.FailedMessage != 1 {
		t.Errorf("results %v", resp.Results)
	}
}

type publishStream struct {
	t      testing.TB
	stream lingerv1.PublishService_PublishStreamClient
	opened *lingerv1.PublishOpened
}

func (r *running) openStream(id string, answered uint64) *publishStream {
	r.t.Helper()
	stream, err := lingerv1.NewPublishServiceClient(r.dial()).PublishStream(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	p := &publishStream{t: r.t, stream: stream}
	p.send(&lingerv1.PublishRequest{ProducerId: []byte(id), Answered: answered})
	p.opened = p.recv().Opened
	if p.opened == nil {
		r.t.Fatal("the first response does not tell what is known")
	}
	return p
}

func (p *publishStream) send(r *lingerv1.PublishRequest) {
	p.t.Helper()
	if err := p.stream.Send(r); err != nil {
		p.t.Fatal(err)
	}
}

func (p *publishStream) recv() *lingerv1.PublishResponse {
	p.t.Helper()
	m, err := p.stream.Recv()
	if err != nil {
		p.t.Fatal(err)
	}
	return m
}

// Requests are sent without waiting; answers come in their order, and a repeated one gets its first answer.
func TestPublishStreamPipelines(t *testing.T) {
	s := start(t, nil)
	p := s.openStream(producer, 0)
	const n = 1000
	go func() {
		for i := range n {
			if p.stream.Send(&lingerv1.PublishRequest{Request: uint64(i + 1), Batches: []*lingerv1.Batch{batch("t", time.Minute, "x")}}) != nil {
				return // the receiving side fails
			}
		}
	}()
	for i := range uint64(n) {
		if m := p.recv(); m.Request != i+1 || m.Results[0].FirstSequence != i+1 {
			t.Fatalf("answer %v, want that of %d", m, i+1)
		}
	}
	p.send(&lingerv1.PublishRequest{Request: n, Batches: []*lingerv1.Batch{batch("t", time.Minute, "x")}})
	if m := p.recv(); m.Results[0].FirstSequence != n {
		t.Errorf("the repeated request: %v", m)
	}
	if err := p.stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("after closing: %v", err)
	}
	if again := s.openStream(producer, n); again.opened.LastRequest != n || !again.opened.Remembered {
		t.Errorf("opened again: %v", again.opened)
	}
	if other := s.openStream("another producer", 5); other.opened.LastRequest != 0 || other.opened.Remembered {
		t.Errorf("a producer nobody knows: %v", other.opened)
	}
}

// The first response tells a restart of a memory store from a first opening, where what is remembered cannot.
func TestPublishStreamNamesTheStore(t *testing.T) {
	first := start(t, nil)
	before := first.openStream(producer, 0).opened
	if again := first.openStream(producer, 0).opened; before.Store == "" || again.Store != before.Store {
		t.Errorf("stores %q and %q within one run", before.Store, again.Store)
	}
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	if after := start(t, nil).openStream(producer, 0).opened; after.Store == before.Store || !after.Remembered {
		t.Errorf("before a restart %v, after it %v", before, after)
	}
}

func TestPublishStreamRefuses(t *testing.T) {
	s := start(t, nil)
	client := lingerv1.NewPublishServiceClient(s.dial())
	first := map[string]*lingerv1.PublishRequest{
		"no producer":     {},
		"short producer":  {ProducerId: []byte("short")},
		"a number":        {ProducerId: []byte(producer), Request: 1},
		"batches at once": {ProducerId: []byte(producer), Batches: []*lingerv1.Batch{batch("t", 0, "x")}},
	}
	for name, in := range first {
		stream, err := client.PublishStream(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_ = stream.Send(in) // the error comes with Recv
		_, err = stream.Recv()
		if status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
	later := map[codes.Code]*lingerv1.PublishRequest{
		codes.InvalidArgument:    {Batches: []*lingerv1.Batch{batch("t", 0, "x")}},
		codes.FailedPrecondition: {Request: 7, Batches: []*lingerv1.Batch{batch("t", 0, "x")}},
	}
	for code, in := range later {
		p := s.openStream(producer, 0)
		p.send(in)
		_, err := p.stream.Recv()
		wantCode(t, err, code)
	}
}

// One bad batch ends neither the stream nor the next request.
func TestPublishStreamGoesOnAfterABadBatch(t *testing.T) {
	s := start(t, nil)
	p := s.openStream(producer, 0)
	p.send(&lingerv1.PublishRequest{Request: 1, Batches: []*lingerv1.Batch{batch("not a topic", time.Minute, "x")}})
	p.send(&lingerv1.PublishRequest{Request: 2, Batches: []*lingerv1.Batch{batch("t", time.Minute, "x")}})
	if m := p.recv(); codes.Code(m.Results[0].Error.GetCode()) != codes.InvalidArgument {
		t.Errorf("first answer %v", m)
	}
	if m := p.recv(); m.Results[0].FirstSequence != 1 {
		t.Errorf("second answer %v", m)
	}
}

// A producer that opens a second stream ends the first, which may be what a lost connection left behind.
func TestNewerStreamTakesOver(t *testing.T) {
	s := start(t, nil)
	older := s.openStream(producer, 0)
	older.send(&lingerv1.PublishRequest{Request: 1, Batches: []*lingerv1.Batch{batch("t", time.Minute, "x")}})
	older.recv()
	newer := s.openStream(producer, 1)
	if newer.opened.LastRequest != 1 || !newer.opened.Remembered {
		t.Errorf("opened %v", newer.opened)
	}
	_, err := older.stream.Recv()
	wantCode(t, err, codes.Aborted)
	newer.send(&lingerv1.PublishRequest{Request: 2, Batches: []*lingerv1.Batch{batch("t", time.Minute, "x")}})
	if m := newer.recv(); m.Results[0].FirstSequence != 2 {
		t.Errorf("answer %v", m)
	}
}

// A client that opens nothing and closes is none of our problems.
func TestPublishStreamClosedAtOnce(t *testing.T) {
	s := start(t, nil)
	stream, err := lingerv1.NewPublishServiceClient(s.dial()).PublishStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}
