package process

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"linger/client"
)

// Server is `linger serve`, as a process that can be ended in every way and begins again at the same addresses. Its methods
// are for the goroutine of the test.
type Server struct {
	t       testing.TB
	program string

	// For the next start.
	Flags  []string // but for the addresses
	Dir    string   // where it runs; empty: where the test does
	Env    []string // besides [Environment]
	Stdin  io.Reader
	Stdout io.Writer // nil: the log

	Log Output // all that its processes wrote

	GRPC, HTTP string // host:port, from the first start on; of free ports unless set before

	cmd    *exec.Cmd
	exited chan struct{} // closed when the process has ended
}

// NewServer prepares a server of a program, such as [Checked]. Whatever of it runs at the end of the test is killed then.
func NewServer(t testing.TB, program string, flags ...string) *Server {
	s := &Server{t: t, program: program, Flags: flags, GRPC: "localhost:0", HTTP: "localhost:0"}
	t.Cleanup(s.end)
	return s
}

// end leaves nothing running, and tells what the server wrote if the test failed.
func (s *Server) end() {
	if s.Running() {
		s.Kill()
	}
	if s.t.Failed() {
		s.t.Logf("the server wrote, in the end:\n%s", s.Log.Tail(8<<10))
	}
	if strings.Contains(s.Log.String(), "DATA RACE") {
		s.t.Errorf("the race detector found:\n%s", &s.Log)
	}
}

// Launch starts the process and waits for nothing.
func (s *Server) Launch() {
	s.t.Helper()
	s.cmd = exec.Command(s.program, append([]string{"serve", "--grpc", s.GRPC, "--http", s.HTTP}, s.Flags...)...)
	s.cmd.Dir, s.cmd.Env = s.Dir, append(Environment(), s.Env...)
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = s.Stdin, &s.Log, &s.Log
	if s.Stdout != nil {
		s.cmd.Stdout = s.Stdout
	}
	s.cmd.SysProcAttr = withParent()
	s.Log.next()
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

// Start starts the process and waits until it is ready.
func (s *Server) Start() {
	s.t.Helper()
	s.Launch()
	s.AwaitReady()
}

// TryStart starts the process and waits until it is ready, or has ended; said is what it wrote.
func (s *Server) TryStart() (ready bool, said string) {
	s.t.Helper()
	s.Launch()
	Eventually(s.t, Patience, func() error {
		if !s.Running() || strings.Contains(s.Log.Last(), "Ctrl-C") {
			return nil
		}
		return errors.New("the server has neither started nor ended")
	})
	if !s.Running() {
		return false, s.Log.Last()
	}
	s.AwaitReady()
	return true, s.Log.Last()
}

var (
	dashboardLine = regexp.MustCompile(`Dashboard\s+http://([^\s/]+)`)
	grpcLine      = regexp.MustCompile(`gRPC\s+(\S+)`)
)

// AwaitReady reads where the server listens and waits until it has read its store.
func (s *Server) AwaitReady() {
	s.t.Helper()
	Eventually(s.t, Patience, func() error {
		said := s.Log.Last()
		dashboard, grpc := dashboardLine.FindStringSubmatch(said), grpcLine.FindStringSubmatch(said)
		if !s.Running() {
			s.t.Fatalf("the server ended:\n%s", said)
		}
		if dashboard == nil || grpc == nil {
			return errors.New("the server has not said where it listens")
		}
		s.HTTP, s.GRPC = dashboard[1], grpc[1]
		status, body := s.Get("/readyz")
		return Expect("the status of /readyz ("+body+")", status, http.StatusOK)
	})
}

// Running tells whether the process has been started and has not ended.
func (s *Server) Running() bool {
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

// Kill ends the process as the kernel does, in the middle of whatever it was doing.
func (s *Server) Kill() {
	s.t.Helper()
	s.Signal(syscall.SIGKILL)
	<-s.exited
}

// Stop ends the process as a person does, and fails when it does not end in order. One that was halted goes on first.
func (s *Server) Stop() {
	s.t.Helper()
	s.Signal(syscall.SIGCONT)
	s.Signal(syscall.SIGTERM)
	status := s.Wait()
	if status != 0 {
		s.t.Errorf("the server ended with status %d:\n%s", status, s.Log.Last())
	}
}

// Wait waits for the end of a process that is about to end, and returns its exit status; -1: a signal ended it.
func (s *Server) Wait() (status int) {
	s.t.Helper()
	select {
	case <-s.exited:
	case <-time.After(Patience):
		s.Signal(syscall.SIGQUIT) // writes what it is doing
		<-s.exited
		s.t.Errorf("the server did not end in %v", Patience)
	}
	return s.cmd.ProcessState.ExitCode()
}

// Signal sends one to the process, if it has not ended.
func (s *Server) Signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.t.Errorf("signal %v: %v", sig, err)
	}
}

// PID is the process's.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// URL is the address of a page.
func (s *Server) URL(path string) string { return "http://" + s.HTTP + path }

// Get asks for a page; status 0: nobody answered.
func (s *Server) Get(path string) (status int, body string) {
	resp, err := http.Get(s.URL(path))
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

// Dial connects a client of its own to wherever the server is. It is closed with the test.
func (s *Server) Dial() *client.Client {
	s.t.Helper()
	c, err := client.Dial(s.GRPC, client.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// Command prepares one of the program's commands, talking to this server.
func (s *Server) Command(args ...string) *exec.Cmd {
	cmd := exec.Command(s.program, args...)
	cmd.Env = append(append(Environment(), s.Env...), "LINGER_SERVER="+s.GRPC)
	cmd.WaitDelay = Patience
	return cmd
}
