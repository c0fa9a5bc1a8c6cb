package soak

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"strconv"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	lingerv1 "linger/proto/linger/v1"
)

const (
	mib = 1 << 20
	// most is what the process may take beyond --memory, as docs/operations.md promises.
	most = 128 * mib
)

// work is what is kept, and in what.
type work struct {
	budget int64 // --memory
	retain int64 // bytes of messages
	size   int64 // of one
	batch  int   // messages published together, with one deadline
}

func (w *work) messages() uint64 { return uint64(w.retain / w.size / int64(w.batch) * int64(w.batch)) }

// setting is a number of the environment.
func setting(name string, otherwise int64) int64 {
	if n, err := strconv.ParseInt(os.Getenv(name), 10, 64); err == nil {
		return n
	}
	return otherwise
}

// TestMemoryStaysWithinTheBudget publishes many times as much as the server may have in memory, restarts it, and reads and
// lists all of that.
func TestMemoryStaysWithinTheBudget(t *testing.T) {
	if !On() {
		for name, w := range map[string]work{
			"one by one": {budget: 32 * mib, retain: 40 * mib, size: 1000, batch: 1},
			"batches":    {budget: 32 * mib, retain: 64 * mib, size: 1000, batch: 100},
		} {
			t.Run(name, func(t *testing.T) { w.run(t) })
		}
		return
	}
	w := work{
		budget: setting("SOAK_BUDGET", 64) * mib, retain: setting("SOAK_RETAIN", 2048) * mib, size: setting("SOAK_SIZE", 1000),
		batch: int(setting("SOAK_BATCH", 1)),
	}
	w.run(t)
}

func (w *work) run(t *testing.T) {
	s := newServer(t, "--store", "file:"+t.TempDir(), "--memory", strconv.FormatInt(w.budget, 10), "--disk", "40GiB")
	conn := s.start()
	w.phase(s, "publish", func() { w.publishAll(t, conn) })
	w.phase(s, "replay", func() { w.replay(t, conn) })
	s.Stop()
	began := time.Now()
	conn = s.start()
	w.told(s, "restart", time.Since(began))
	w.phase(s, "replay again", func() { w.replay(t, conn) })
	w.phase(s, "four replays at once", func() {
		ended := make(chan struct{})
		for range 4 {
			go func() {
				defer func() { ended <- struct{}{} }()
				w.replay(t, conn)
			}()
		}
		for range 4 {
			<-ended
		}
	})
	w.phase(s, "lists", func() { w.list(t, conn) })
	more := *w
	more.retain /= 8
	w.phase(s, "publish more", func() { more.publishAll(t, conn) })
	s.Stop()
}

// phase runs f and tells the most memory that the server took meanwhile.
func (w *work) phase(s *server, name string, f func()) {
	s.resetPeak()
	began := time.Now()
	f()
	if s.Failed() {
		s.FailNow()
	}
	w.told(s, name, time.Since(began))
}

// told tells the most memory that the server took since it was reset.
func (w *work) told(s *server, name string, took time.Duration) {
	peak := s.memory("VmHWM")
	s.Logf("%-20s %6.1f s   at most %4d MiB, %d more than --memory; now %d MiB, %d of them the program",
		name, took.Seconds(), peak/mib, (peak-w.budget)/mib, s.memory("VmRSS")/mib, s.memory("RssFile")/mib)
	if peak > w.budget+most {
		s.Errorf("%s: the server took %d MiB, %d more than it was given", name, peak/mib, (peak-w.budget)/mib)
	}
}

// What is under way: so many requests, of up to 1,000 messages and so many bytes each.
const (
	window       = 16
	requestBytes = 256 << 10
)

// publishAll publishes all that is to be kept, none of which may be refused.
func (w *work) publishAll(t *testing.T, conn *grpc.ClientConn) {
	if refused, why := w.publish(t, conn); refused > 0 {
		t.Errorf("%d batches were refused, the first with: %v", refused, why)
	}
}

// publish publishes all that is to be kept, and tells how many batches were refused, and why the first.
func (w *work) publish(t testing.TB, conn *grpc.ClientConn) (refused int, why *status.Status) {
	stream, err := lingerv1.NewPublishServiceClient(conn).PublishStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	producer := make([]byte, 16)
	_, _ = rand.Read(producer) // never fails
	if err := stream.Send(&lingerv1.PublishRequest{ProducerId: producer}); err != nil {
		t.Fatal(err)
	}
	slots := make(chan struct{}, window)
	ended := make(chan struct{})
	all := w.messages()
	go func() {
		defer close(ended)
		for {
			answer, err := stream.Recv()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					t.Error(err)
				}
				return
			}
			if answer.GetOpened() != nil {
				continue
			}
			for _, r := range answer.GetResults() {
				if r.GetError() == nil {
					continue
				}
				if refused++; refused == 1 {
					why = r.GetError()
				}
			}
			<-slots
		}
	}()
	number := uint64(0)
	for n := uint64(0); n < all; {
		number++
		q := &lingerv1.PublishRequest{Request: number}
		for messages := 0; messages < 1000 && messages < requestBytes/int(w.size) && n < all; {
			b := &lingerv1.Batch{Topic: "soak", Ttl: durationpb.New(6 * time.Hour)}
			for range w.batch {
				b.Messages = append(b.Messages, &lingerv1.Message{Data: w.payload(n)})
				n++
				messages++
			}
			q.Batches = append(q.Batches, b)
		}
		slots <- struct{}{}
		if err := stream.Send(q); err != nil {
			t.Fatalf("after %d messages: %v", n, err)
		}
	}
	_ = stream.CloseSend()
	<-ended
	return refused, why
}

// payload is a message that can be told from every other.
func (w *work) payload(n uint64) []byte {
	b := make([]byte, w.size)
	binary.LittleEndian.PutUint64(b, n)
	return b
}

// replay reads all that is retained, and checks each message.
func (w *work) replay(t *testing.T, conn *grpc.ClientConn) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := lingerv1.NewSubscribeServiceClient(conn).Subscribe(ctx, &lingerv1.SubscribeRequest{Patterns: []string{"soak"}})
	if err != nil {
		t.Error(err)
		return
	}
	began := time.Now()
	all, next, runs := w.messages(), uint64(0), 0
	for next < all {
		r, err := stream.Recv()
		if err != nil {
			t.Errorf("after %d messages: %v", next, err)
			return
		}
		for _, run := range r.GetRuns() {
			runs++
			for _, m := range run.GetMessages() {
				if got := binary.LittleEndian.Uint64(m.GetData()); got != next || int64(len(m.GetData())) != w.size {
					t.Errorf("message %d is %d, of %d bytes", next, got, len(m.GetData()))
					return
				}
				next++
			}
		}
	}
	t.Logf("%d messages in %d runs, %.2f M/s", next, runs, float64(next)/1e6/time.Since(began).Seconds())
}

// list pages through all by sequence, and looks at what ends next.
func (w *work) list(t *testing.T, conn *grpc.ClientConn) {
	service := lingerv1.NewRetainedServiceClient(conn)
	q := &lingerv1.ListMessagesRequest{Pattern: "soak", PageSize: 1000}
	next := uint64(0)
	for {
		page, err := service.ListMessages(t.Context(), q)
		if err != nil {
			t.Error(err)
			return
		}
		for _, m := range page.GetMessages() {
			if got := binary.LittleEndian.Uint64(m.GetMessage().GetData()); got != next {
				t.Errorf("message %d is listed as %d", next, got)
				return
			}
			next++
		}
		if q.PageToken = page.GetNextPageToken(); q.PageToken == "" {
			break
		}
	}
	if next != w.messages() {
		t.Errorf("%d messages are listed of %d", next, w.messages())
	}
	soonest, err := service.ListMessages(t.Context(), &lingerv1.ListMessagesRequest{Pattern: "soak", PageSize: 1000, Order: lingerv1.ListOrder_LIST_ORDER_EXPIRE_TIME})
	if err != nil || len(soonest.GetMessages()) == 0 {
		t.Errorf("%d messages by deadline: %v", len(soonest.GetMessages()), err)
	}
}
