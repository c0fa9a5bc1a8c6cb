package server_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	lingerv1 "linger/proto/linger/v1"
)

// sequence is the numbers of one topic as a subscriber gets them. It fails at the first that is not the next.
type sequence struct {
	next uint64 // 0: none yet
	data int    // what the next message must say
}

func (s *sequence) take(run *lingerv1.Run) error {
	if run.Gap != nil {
		return fmt.Errorf("%s: gap %v", run.Topic, run.Gap)
	}
	for i, m := range run.Messages {
		if n := run.FirstSequence + uint64(i); n != s.next+1 {
			return fmt.Errorf("%s: #%d after #%d", run.Topic, n, s.next)
		}
		if string(m.Data) != strconv.Itoa(s.data) {
			return fmt.Errorf("%s: #%d says %q, want %d", run.Topic, s.next+1, m.Data, s.data)
		}
		s.next++
		s.data++
	}
	return nil
}

// follow reads until it has total messages, each topic's in order.
func follow(ctx context.Context, conn *grpc.ClientConn, pattern string, total int) error {
	stream, err := lingerv1.NewSubscribeServiceClient(conn).Subscribe(ctx, coversAll(pattern))
	if err != nil {
		return err
	}
	topics := map[string]*sequence{}
	for got := 0; got < total; {
		m, err := stream.Recv()
		if err != nil {
			return fmt.Errorf("after %d: %w", got, err)
		}
		for _, run := range m.Runs {
			if topics[run.Topic] == nil {
				topics[run.Topic] = &sequence{}
			}
			if err := topics[run.Topic].take(run); err != nil {
				return err
			}
			got += len(run.Messages)
		}
	}
	return nil
}

func numbered(topic string, from, n int) *lingerv1.Batch {
	b := batch(topic, 5*time.Minute)
	for i := range n {
		b.Messages = append(b.Messages, &lingerv1.Message{Data: strconv.AppendInt(nil, int64(from+i), 10)})
	}
	return b
}

// 200 subscribers on one topic: everything, in order, half of them from the start and half in the middle of it.
func TestManySubscribersGetEverythingInOrder(t *testing.T) {
	const subscribers, messages, each = 200, 10_000 / fewer, 50
	s := start(t, nil)
	conn := s.dial()
	var followers sync.WaitGroup
	follower := func() {
		followers.Go(func() {
			if err := follow(t.Context(), conn, "t", messages); err != nil {
				t.Error(err)
			}
		})
	}
	for range subscribers / 2 {
		follower()
	}
	p := s.openStream(producer, 0)
	for i := range messages / each {
		if i == messages/each/2 {
			for range subscribers / 2 {
				follower()
			}
		}
		p.send(&lingerv1.PublishRequest{Request: uint64(i + 1), Batches: []*lingerv1.Batch{numbered("t", i*each, each)}})
		p.recv()
	}
	followers.Wait()
}

// A subscriber of everything, while a thousand topics appear.
func TestPatternOverManyTopics(t *testing.T) {
	const topics, messages = 1000, 100 / fewer
	s := start(t, nil)
	done := make(chan error, 1)
	go func() { done <- follow(t.Context(), s.dial(), ">", topics*messages) }()
	p := s.openStream(producer, 0)
	for i := range messages {
		r := &lingerv1.PublishRequest{Request: uint64(i + 1)}
		for topic := range topics {
			r.Batches = append(r.Batches, numbered(fmt.Sprint("topic.", topic), i, 1))
		}
		p.send(r)
		for _, result := range p.recv().Results {
			if result.Error != nil {
				t.Fatal(result.Error)
			}
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A memory store does not survive a restart; a subscription that resumes is told, and begins anew.
func TestResumeAfterARestartIsReset(t *testing.T) {
	first := start(t, nil)
	first.publish("t", time.Minute, "one", "two")
	sub := first.subscribe(coversAll("t"))
	sub.texts(2)
	token := sub.token
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	second := start(t, nil)
	second.publish("t", time.Minute, "three")
	again := second.subscribe(&lingerv1.SubscribeRequest{Patterns: []string{"t"}, Start: &lingerv1.SubscribeRequest_ResumeToken{ResumeToken: token}})
	again.texts(1)
	if again.reset.GetReason() != lingerv1.ResetReason_RESET_REASON_ANOTHER_STORE || again.hello.Store == sub.hello.Store {
		t.Errorf("reset %v", again.reset)
	}
}

// Resuming with a token gives each later message once.
func TestResume(t *testing.T) {
	s := start(t, nil)
	s.publish("t", time.Minute, "1", "2")
	sub := s.subscribe(coversAll("t"))
	sub.texts(2)
	s.publish("t", time.Minute, "3")
	again := s.subscribe(&lingerv1.SubscribeRequest{Patterns: []string{"t"}, Start: &lingerv1.SubscribeRequest_ResumeToken{ResumeToken: sub.token}})
	if got := again.texts(1); got[0] != "3" {
		t.Errorf("resumed with %q", got)
	}
}
