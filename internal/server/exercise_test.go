package server_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"linger/broker"
	"linger/internal/server"
	"linger/proto/exercise"
)

// next is one call of the exercise's client.
func next(t testing.TB, conn *grpc.ClientConn) string {
	t.Helper()
	m, err := exercise.NewPubsubClient(conn).PubsubServe(t.Context(), &exercise.Mes2Server{Mes1: "anything"})
	if err != nil {
		t.Fatal(err)
	}
	return m.Mes2
}

func lines(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprint("line ", i))
	}
	return all
}

// Each connection gets every line, none lost when lines come faster than it calls; a late one first gets what is alive.
func TestExerciseLosesNothingBetweenCalls(t *testing.T) {
	s := start(t, nil)
	want := lines(100)
	s.publish("console", time.Minute, want[:50]...)
	s.publish("other", time.Minute, "not for the console")
	first, second := s.dial(), s.dial()
	for i := range 50 {
		if got := next(t, first); got != want[i] {
			t.Fatalf("call %d: %q", i, got)
		}
	}
	s.publish("console", time.Minute, want[50:]...)
	for _, conn := range []*grpc.ClientConn{first, second} {
		var got []string
		for range 50 {
			got = append(got, next(t, conn))
		}
		from := 50
		if conn == second {
			from = 0
		}
		if !slices.Equal(got, want[from:from+50]) {
			t.Fatalf("got %q", got)
		}
	}
}

func TestExerciseWaitsForALine(t *testing.T) {
	s := start(t, nil)
	conn := s.dial()
	answer := make(chan string, 1)
	go func() {
		m, err := exercise.NewPubsubClient(conn).PubsubServe(context.Background(), &exercise.Mes2Server{})
		answer <- fmt.Sprint(m.GetMes2(), err)
	}()
	for s.broker.Stats().Subscriptions == 0 {
		select {
		case got := <-answer:
			t.Fatalf("answered at once: %s", got)
		case <-time.After(time.Millisecond):
		}
	}
	s.publish("console", time.Minute, "at last")
	if got := <-answer; got != "at last<nil>" {
		t.Errorf("got %s", got)
	}
}

// A call that is cancelled does not move the place on, whether it waits alone or with another.
func TestExerciseCancelledCallsLoseNothing(t *testing.T) {
	s := start(t, nil)
	conn := s.dial()
	for range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		_, err := exercise.NewPubsubClient(conn).PubsubServe(ctx, &exercise.Mes2Server{})
		cancel()
		wantCode(t, err, codes.DeadlineExceeded)
	}
	other := make(chan string, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _ = exercise.NewPubsubClient(conn).PubsubServe(ctx, &exercise.Mes2Server{}) // is cancelled
	}()
	go func() {
		m, err := exercise.NewPubsubClient(conn).PubsubServe(t.Context(), &exercise.Mes2Server{})
		other <- fmt.Sprint(m.GetMes2(), err)
	}()
	cancel()
	s.publish("console", time.Minute, "one", "two")
	if got := <-other; got != "one<nil>" {
		t.Errorf("the call that stayed: %s", got)
	}
	if got := next(t, conn); got != "two" {
		t.Errorf("the next call: %q", got)
	}
}

// Calls that wait together on one connection get the same line: channels of one Python process share a connection.
func TestExerciseConcurrentCallsShareALine(t *testing.T) {
	s := start(t, nil)
	conn := s.dial()
	const calls = 10
	answers := make(chan string, calls)
	for range calls {
		go func() {
			m, err := exercise.NewPubsubClient(conn).PubsubServe(context.Background(), &exercise.Mes2Server{})
			answers <- fmt.Sprint(m.GetMes2(), err)
		}()
	}
	for s.streams("exercise") < calls {
		time.Sleep(time.Millisecond) // polls a number of the server's; what is tested does not depend on it
	}
	s.publish("console", time.Minute, "shared", "next")
	for range calls {
		if got := <-answers; got != "shared<nil>" {
			t.Errorf("got %s", got)
		}
	}
	if got := next(t, conn); got != "next" {
		t.Errorf("then %q", got)
	}
}

func TestExerciseText(t *testing.T) {
	s := start(t, func(c *server.Config, _ *broker.Config) { c.ExerciseTopic = "class.room" })
	s.publish("class.room", time.Minute, "caf\xe9", "日本", "")
	conn := s.dial()
	for _, want := range []string{"caf\uFFFD", "日本", ""} {
		if got := next(t, conn); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A connection is a subscription, and ends with it.
func TestExerciseForgetsClosedConnections(t *testing.T) {
	s := start(t, nil)
	s.publish("console", time.Minute, "x")
	conn := s.dial()
	next(t, conn)
	if n := s.broker.Stats().Subscriptions; n != 1 {
		t.Errorf("%d subscriptions", n)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	for s.broker.Stats().Subscriptions > 0 {
		time.Sleep(time.Millisecond) // the test's own timeout is the bound
	}
}
