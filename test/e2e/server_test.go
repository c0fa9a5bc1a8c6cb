package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"linger/client"
)

// server is a process of the program.
type server struct {
	t       testing.TB
	program string
	flags   []string
	dir     string // where it runs, and keeps its messages
	cmd     *exec.Cmd
	log     *output
	exited  chan struct{} // closed when the process has ended
	client  *client.Client

	grpc, http string // host:port
}

// startServer starts a server on free ports. It is stopped, and must end in order, when the test ends.
func startServer(t testing.TB, flags ...string) *server {
	t.Helper()
	program, err := checkedProgram()
	return start(t, program, err, flags)
}

// startFastServer is startServer without the race detector, for load.
func startFastServer(t testing.TB, flags ...string) *server {
	t.Helper()
	program, err := fastProgram()
	return start(t, program, err, flags)
}

func start(t testing.TB, program string, err error, flags []string) *server {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, program: program, flags: flags, dir: t.TempDir(), grpc: "localhost:0", http: "localhost:0"}
	s.run()
	t.Cleanup(func() {
		if s.running() {
			s.stop()
		}
		if t.Failed() {
			t.Logf("the server wrote:\n%s", s.log)
		}
		if strings.Contains(s.log.String(), "DATA RACE") {
			t.Errorf("the race detector found:\n%s", s.log)
		}
	})
	return s
}

var (
	dashboardLine = regexp.MustCompile(`Dashboard\s+http://(\S+)`)
	grpcLine      = regexp.MustCompile(`gRPC\s+(\S+)`)
)

// run starts the process on s.grpc and s.http and reads from its output where it listens.
func (s *server) run() {
	s.t.Helper()
	s.log, s.client = &output{}, nil
	s.cmd = exec.Command(s.program, append([]string{"serve", "--grpc", s.grpc, "--http", s.http}, s.flags...)...)
	s.cmd.Dir, s.cmd.Env = s.dir, environment()
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	exited := make(chan struct{})
	s.exited = exited
	cmd := s.cmd
	go func() { // ends with the process
		_ = cmd.Wait() // the exit status is asked for where it matters
		close(exited)
	}()
	eventually(s.t, 20*time.Second, func() error {
		dashboard, grpc := dashboardLine.FindStringSubmatch(s.log.String()), grpcLine.FindStringSubmatch(s.log.String())
		if !s.running() {
			s.t.Fatalf("the server ended:\n%s", s.log)
		}
		if dashboard == nil || grpc == nil {
			return errors.New("the server has not said where it listens")
		}
		s.http, s.grpc = strings.TrimSuffix(dashboard[1], "/"), grpc[1]
		return nil
	})
}

func (s *server) running() bool {
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

// stop ends the server as a person would, and fails when it does not end in order.
func (s *server) stop() {
	s.t.Helper()
	_ = s.cmd.Process.Signal(syscall.SIGCONT)
	s.signal(syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(15 * time.Second):
		s.signal(syscall.SIGQUIT) // writes what it is doing
		<-s.exited
		s.t.Errorf("the server did not stop in 15 s:\n%s", s.log)
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		s.t.Errorf("the server ended with status %d:\n%s", code, s.log)
	}
}

// restart stops the server and starts it again on the same ports.
func (s *server) restart() {
	s.t.Helper()
	s.stop()
	s.run()
}

func (s *server) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Errorf("signal %v: %v", sig, err)
	}
}

func (s *server) url(path string) string { return "http://" + s.http + path }

// command prepares one of the program's commands, talking to this server.
func (s *server) command(args ...string) *exec.Cmd {
	cmd := exec.Command(s.program, args...)
	cmd.Env = append(environment(), "LINGER_SERVER="+s.grpc)
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// linger runs one of the program's commands, which must succeed, and returns its output.
func (s *server) linger(args ...string) string {
	s.t.Helper()
	cmd := s.command(args...)
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
		s.client = s.dial()
	}
	return s.client
}

// dial connects the Go client.
func (s *server) dial() *client.Client {
	s.t.Helper()
	c, err := client.Dial(s.grpc, client.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c
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
	resp, err := http.Get(s.url("/metrics"))
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

// environment is this process's without what configures Linger.
func environment() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "LINGER_") {
			env = append(env, v)
		}
	}
	return env
}

// output collects what a process writes. Safe for concurrent use.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer // mu
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

var _ io.Writer = (*output)(nil)

// eventually waits until check returns nil, and fails with its last error when that takes too long.
func eventually(t testing.TB, patience time.Duration, check func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %v", patience, err)
		}
		time.Sleep(20 * time.Millisecond) // between two looks
	}
}

// expect is an error that says what was found instead of what was wanted; nil when they are equal.
func expect[T comparable](what string, got, want T) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("%s is %v, not %v", what, got, want)
}
