package crash

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"linger/client"
)

// patience is how long a test waits for what should be there at once, on a machine that has other work.
const patience = 30 * time.Second

// server is a process that can be ended in every way, and begins again at the same addresses.
type server struct {
	t       testing.TB
	command []string // what is run, without the addresses
	env     []string
	stdin   io.Reader
	stdout  io.Writer // nil: the log

	cmd    *exec.Cmd
	log    *output
	exited chan struct{} // closed when the process has ended

	grpc, http string // host:port
}

// newServer prepares a server of the program on a directory. It is ended with the test.
func newServer(t testing.TB, dir string, flags ...string) *server {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return serverOf(t, path, dir, flags...)
}

// serverOf is newServer of a program at a path.
func serverOf(t testing.TB, path, dir string, flags ...string) *server {
	command := append([]string{path, "serve", "--store", "file:" + dir}, flags...)
	s := &server{t: t, command: command, grpc: "localhost:0", http: "localhost:0", log: &output{}}
	t.Cleanup(s.end)
	return s
}

// end leaves nothing running, and tells what the server wrote if the test failed.
func (s *server) end() {
	if s.running() {
		s.kill()
	}
	if s.t.Failed() {
		s.t.Logf("the server wrote, in the end:\n%s", s.log.tail(8<<10))
	}
	if strings.Contains(s.log.String(), "DATA RACE") {
		s.t.Errorf("the race detector found:\n%s", s.log)
	}
}

var (
	dashboardLine = regexp.MustCompile(`Dashboard\s+http://(\S+)`)
	grpcLine      = regexp.MustCompile(`gRPC\s+(\S+)`)
)

// launch starts the process and waits for nothing.
func (s *server) launch() {
	s.t.Helper()
	args := append([]string{"--grpc", s.grpc, "--http", s.http}, s.command[2:]...)
	s.cmd = exec.Command(s.command[0], append([]string{s.command[1]}, args...)...)
	s.cmd.Env = append(environment(), s.env...)
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = s.stdin, s.log, s.log
	if s.stdout != nil {
		s.cmd.Stdout = s.stdout
	}
	s.cmd.SysProcAttr = withParent()
	s.log.mark()
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	cmd, exited := s.cmd, make(chan struct{})
	s.exited = exited
	go func() { // ends with the process
		_ = cmd.Wait() // the exit status is asked for where it matters
		close(exited)
	}()
}

// start starts the process and waits until it is ready.
func (s *server) start() {
	s.t.Helper()
	s.launch()
	s.awaitReady()
}

// tryStart starts the process and waits until it is ready, or has ended; said is what it wrote.
func (s *server) tryStart() (ready bool, said string) {
	s.t.Helper()
	s.launch()
	eventually(s.t, func() error {
		if !s.running() || strings.Contains(s.log.sinceMark(), "Ctrl-C") {
			return nil
		}
		return errors.New("the server has neither started nor ended")
	})
	if !s.running() {
		return false, s.log.sinceMark()
	}
	s.awaitReady()
	return true, s.log.sinceMark()
}

func (s *server) awaitReady() {
	s.t.Helper()
	eventually(s.t, func() error {
		said := s.log.sinceMark()
		dashboard, grpc := dashboardLine.FindStringSubmatch(said), grpcLine.FindStringSubmatch(said)
		if !s.running() {
			s.t.Fatalf("the server ended:\n%s", said)
		}
		if dashboard == nil || grpc == nil {
			return errors.New("the server has not said where it listens")
		}
		s.http, s.grpc = strings.TrimSuffix(dashboard[1], "/"), grpc[1]
		status, body := s.get("/readyz")
		return expect("the status of /readyz ("+body+")", status, http.StatusOK)
	})
}

func (s *server) running() bool {
	if s.exited == nil {
		return false
	}
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

// kill ends the process as the kernel does, in the middle of whatever it was doing.
func (s *server) kill() {
	s.t.Helper()
	s.signal(syscall.SIGKILL)
	<-s.exited
}

// stop ends the process as a person does, and fails when it does not end in order.
func (s *server) stop() {
	s.t.Helper()
	s.signal(syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(patience):
		s.signal(syscall.SIGQUIT) // writes what it is doing
		<-s.exited
		s.t.Errorf("the server did not stop in %v", patience)
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		s.t.Errorf("the server ended with status %d", code)
	}
}

func (s *server) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.t.Errorf("signal %v: %v", sig, err)
	}
}

// get asks for a page; status 0: nobody answered.
func (s *server) get(path string) (status int, body string) {
	resp, err := http.Get("http://" + s.http + path)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(b)
}

// dial connects a client of its own to wherever the server is.
func (s *server) dial() *client.Client {
	s.t.Helper()
	c, err := client.Dial(s.grpc, client.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c
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

// output collects what the processes write. Safe for concurrent use.
type output struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	from int // where the present process began
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

func (o *output) mark() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.from = o.buf.Len()
}

func (o *output) sinceMark() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.buf.Bytes()[o.from:])
}

func (o *output) tail(n int) string {
	all := o.String()
	return all[max(0, len(all)-n):]
}

// eventually waits until check returns nil, and fails with its last error when that takes too long.
func eventually(t testing.TB, check func() error) {
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

// linger runs one of the program's commands on this server and gives what it wrote.
func (s *server) linger(args ...string) (string, error) {
	s.t.Helper()
	cmd := exec.Command(s.command[0], args...)
	cmd.Env = append(append(environment(), s.env...), "LINGER_SERVER="+s.grpc)
	cmd.WaitDelay = patience
	out, err := cmd.CombinedOutput()
	return string(out), err
}
