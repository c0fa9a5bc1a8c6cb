package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"linger/proto/exercise"
	"linger/test/process"
	"linger/test/soak"
)

// The exercise's own client, unchanged but for the address, on stubs made from its four-line proto.

const exerciseDir = "testdata/exercise"

// exerciseClient starts the client in a process of its own.
func (s *server) exerciseClient() *child {
	s.t.Helper()
	return startChild(s.t, python(s.t, exerciseDir, "client.py", s.GRPC))
}

// waiting waits until so many of the exercise's clients wait for a line.
func (s *server) waiting(clients int) {
	s.t.Helper()
	process.Eventually(s.t, patience, func() error {
		return process.Expect("the number of clients that wait", int(s.metric(`linger_streams{kind="exercise"}`)), clients)
	})
}

func TestExerciseStubs(t *testing.T) {
	t.Parallel()
	stubsAreOf(t, exerciseDir, "pubsub_pb2", exercise.File_exercise_pubsub_proto)
}

// Lines come much faster than a Python loop calls.
func TestExerciseClientsGetEveryLine(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	first, second := s.exerciseClient(), s.exerciseClient()
	s.waiting(2)

	n := soak.Number(1000, 20_000)
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf("line %d", i+1)
	}
	for batch := range slices.Chunk(lines, 50) {
		s.publish("console", time.Hour, batch...)
	}
	first.prints(lines...)
	second.prints(lines...)
}

func TestExerciseClientThatComesLateGetsWhatIsAlive(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("console", time.Minute, "early")
	gone := s.publish("console", 300*time.Millisecond, "gone before anybody came")
	s.publish("console", time.Minute, "still here")
	process.Eventually(t, patience, func() error {
		if s.state("console", gone.Sequence).Retained != nil {
			return fmt.Errorf("#%d is still alive", gone.Sequence)
		}
		return nil
	})

	late := s.exerciseClient()
	late.prints("early", "still here")
	s.waiting(1)
	s.publish("console", time.Minute, "live")
	late.prints("early", "still here", "live")

	later := s.exerciseClient()
	later.prints("early", "still here", "live")
}

func TestExerciseClientsGetWhatIsPublishedElsewhere(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	first, second := s.exerciseClient(), s.exerciseClient()
	s.waiting(2)

	s.publish("console", time.Minute, "by gRPC")
	resp, err := http.PostForm(s.URL("/publish"), url.Values{"topic": {"console"}, "message": {"by form"}, "ttl": {"60"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("the form was answered with %s", resp.Status)
	}
	first.prints("by gRPC", "by form")
	second.prints("by gRPC", "by form")
	s.waiting(2) // now or never is for who listens at that moment
	s.publish("console", 0, "now or never")
	s.publish("elsewhere", time.Minute, "not for them")
	s.publish("console", time.Minute, "你好, bytes \xff that are not text")

	want := []string{"by gRPC", "by form", "now or never", "你好, bytes \ufffd that are not text"}
	first.prints(want...)
	second.prints(want...)
}

// The operator types at a prompt, or pipes a file into it; every client prints each line.
func TestExerciseClientsGetWhatIsTypedAtTheConsole(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	first, second := s.exerciseClient(), s.exerciseClient()
	s.waiting(2)

	console := s.Command("console")
	console.Stdin = strings.NewReader("first line\nsecond line\n/ttl 10s\nthird line\n")
	out, err := console.CombinedOutput()
	if err != nil {
		t.Fatalf("linger console: %v\n%s", err, out)
	}
	first.prints("first line", "second line", "third line")
	second.prints("first line", "second line", "third line")

	kept := s.messages("console")
	if len(kept) != 3 {
		t.Fatalf("%d messages are retained, not 3: %v", len(kept), kept)
	}
	if left := kept[2].TTLMsLeft; left > 10_000 {
		t.Errorf("after /ttl 10s a line has %d ms left", left)
	}
}

// The server goes and comes back: the client, which knows nothing of that, is told by its call and can go on.
func TestExerciseClientIsToldWhenTheServerStops(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	c := s.exerciseClient()
	s.waiting(1)
	s.Stop()
	select {
	case <-c.done:
	case <-time.After(20 * time.Second):
		t.Fatal("the client's call still waits")
	}
	if !strings.Contains(c.err.String(), "UNAVAILABLE") {
		t.Errorf("the client was told:\n%s", c.err)
	}
}
