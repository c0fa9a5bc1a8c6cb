package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"linger/client"
	"linger/test/process"
)

// server is a process of the program, and what people do with it.
type server struct {
	*process.Server
	t      testing.TB
	client *client.Client
}

// startServer starts a server on free ports. It is stopped, and must end in order, when the test ends.
func startServer(t testing.TB, flags ...string) *server {
	t.Helper()
	program, err := process.Checked()
	return start(t, program, err, flags)
}

// startFastServer is startServer without the race detector, for load.
func startFastServer(t testing.TB, flags ...string) *server {
	t.Helper()
	program, err := process.Released()
	return start(t, program, err, flags)
}

func start(t testing.TB, program string, err error, flags []string) *server {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{Server: process.NewServer(t, program, flags...), t: t}
	s.Dir = t.TempDir() // and keeps its messages there
	s.start()
	t.Cleanup(func() {
		if s.Running() {
			s.Stop()
		}
	})
	return s
}

// start starts the process, on the ports it had before.
func (s *server) start() {
	s.t.Helper()
	s.client = nil
	s.Start()
}

// restart stops the server and starts it again on the same ports.
func (s *server) restart() {
	s.t.Helper()
	s.Stop()
	s.start()
}

// linger runs one of the program's commands, which must succeed, and returns its output.
func (s *server) linger(args ...string) string {
	s.t.Helper()
	cmd := s.Command(args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("linger %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return string(out)
}

// messageLine is a line of `linger messages --json`.
type messageLine struct {
	Topic      string    `json:"topic"`
	Sequence   uint64    `json:"sequence"`
	ExpireTime time.Time `json:"expire_time"`
	TTLMsLeft  int64     `json:"ttl_ms_left"`
	Data       string    `json:"data"`
}

// messages is what `linger messages --json` prints.
func (s *server) messages(topic string) []messageLine {
	s.t.Helper()
	var list []messageLine
	for line := range strings.Lines(s.linger("messages", topic, "--json")) {
		var m messageLine
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			s.t.Fatalf("%v in %q", err, line)
		}
		list = append(list, m)
	}
	return list
}

// usual is the connection for what has no need of its own; it does not outlive the process it talks to.
func (s *server) usual() *client.Client {
	s.t.Helper()
	if s.client == nil {
		s.client = s.Dial()
	}
	return s.client
}

// publish publishes texts, each a message, and returns the acknowledgement.
func (s *server) publish(topic string, ttl time.Duration, texts ...string) client.Ack {
	s.t.Helper()
	messages := make([]client.Message, len(texts))
	for i, text := range texts {
		messages[i].Data = []byte(text)
	}
	return s.publishMessages(topic, ttl, messages...)
}

func (s *server) publishMessages(topic string, ttl time.Duration, messages ...client.Message) client.Ack {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	ack, err := s.usual().Publish(ctx, topic, ttl, messages...)
	if err != nil {
		s.t.Fatal(err)
	}
	return ack
}

// state asks what has become of a message.
func (s *server) state(topic string, sequence uint64) client.MessageState {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	state, err := s.usual().GetMessage(ctx, topic, sequence)
	if err != nil {
		s.t.Fatal(err)
	}
	return state
}

// deadline is when a message that is alive goes.
func (s *server) deadline(topic string, sequence uint64) time.Time {
	s.t.Helper()
	state := s.state(topic, sequence)
	if state.Retained == nil {
		s.t.Fatalf("#%d of %s has ended", sequence, topic)
	}
	return state.Retained.ExpireTime
}

// metric reads one value of /metrics, named with its labels as it stands there.
func (s *server) metric(name string) float64 {
	s.t.Helper()
	resp, err := http.Get(s.URL("/metrics"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			v, err := strconv.ParseFloat(value, 64)
			if err != nil {
				s.t.Fatal(err)
			}
			return v
		}
	}
	s.t.Fatalf("no metric %s", name)
	return 0
}
