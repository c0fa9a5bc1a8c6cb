package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"linger/client"
)

// server is a process that this program started, and the only kind that it ends.
type server struct {
	h      *harness
	addr   string // gRPC
	http   string // of Linger's pages; "": it has none
	cmd    *exec.Cmd
	exited chan struct{} // closed once it has ended
	said   bytes.Buffer  // to be read once it has ended
}

const (
	startLimit = 15 * time.Second
	stopLimit  = 10 * time.Second
)

// serve starts a Linger with defaults that keeps everything in memory.
func (h *harness) serve(flags ...string) (*server, error) {
	s := &server{h: h}
	var err error
	if s.addr, err = freeAddr(); err != nil {
		return nil, err
	}
	if s.http, err = freeAddr(); err != nil {
		return nil, err
	}
	args := append([]string{"serve", "--grpc", s.addr, "--http", s.http, "--store", "memory:", "--pprof", "--log-level", "warn"}, flags...)
	return s, s.start(h.linger, args...)
}

// start runs a program until it answers.
func (s *server) start(program string, args ...string) error {
	s.cmd, s.exited = exec.Command(program, args...), make(chan struct{})
	s.cmd.Stdout, s.cmd.Stderr = &s.said, &s.said
	dieWithParent(s.cmd)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "LINGER_") {
			s.cmd.Env = append(s.cmd.Env, v)
		}
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.h.servers = append(s.h.servers, s)
	go func() { // ends with the process
		_ = s.cmd.Wait() // how it ended stands in its state
		close(s.exited)
	}()
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); {
		if s.ready() {
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("%s ended: %v\n%s", filepath.Base(program), s.cmd.ProcessState, &s.said)
		case <-s.h.ctx.Done():
			return s.h.ctx.Err()
		case <-time.After(5 * time.Millisecond): // between two looks
		}
	}
	return fmt.Errorf("%s does not answer at %s", filepath.Base(program), s.addr)
}

func (s *server) ready() bool {
	if s.http != "" {
		_, err := s.get("/readyz")
		return err == nil
	}
	conn, err := net.DialTimeout("tcp", s.addr, time.Second)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	select {
	case <-s.exited:
	case <-time.After(stopLimit):
		_ = s.cmd.Process.Kill()
		<-s.exited
	}
}

// dial makes a connection that lasts as long as the part that is measured, at most.
func (s *server) dial() (*client.Client, error) {
	c, err := client.Dial(s.addr, client.Options{})
	s.h.clients = append(s.h.clients, c)
	return c, err
}

func (s *server) get(path string) ([]byte, error) {
	answer, err := http.Get("http://" + s.http + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.New(answer.Status)
	}
	return body, err
}

// collect has the garbage collector run, and waits for its end.
func (s *server) collect() error {
	_, err := s.get("/debug/pprof/heap?gc=1")
	return err
}

// usage is the memory of a server, in bytes.
type usage struct{ heap, stacks, rss float64 }

func (u usage) sub(o usage) usage { return usage{u.heap - o.heap, u.stacks - o.stacks, u.rss - o.rss} }

// memory is what lives after collections: the second one ends what the first one's finalizers kept.
func (s *server) memory() (u usage, err error) {
	if err := s.collect(); err != nil {
		return u, err
	}
	text, err := s.get("/debug/pprof/heap?gc=1&debug=1")
	if err != nil {
		return u, err
	}
	if s.h.profile != "" { // the one at the end stays
		if err := s.saveProfile("heap", filepath.Join(s.h.profile, s.h.part+".heap")); err != nil {
			return u, err
		}
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimPrefix(line, "# "), " = ")
		value, _, _ = strings.Cut(strings.TrimSpace(value), " ")
		switch name {
		case "HeapAlloc":
			u.heap, err = strconv.ParseFloat(value, 64)
		case "Stack":
			u.stacks, err = strconv.ParseFloat(value, 64)
		}
		if err != nil {
			return u, err
		}
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return u, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			u.rss, err = strconv.ParseFloat(strings.Fields(rest)[0], 64)
			u.rss *= 1 << 10
		}
	}
	return u, err
}

// cpu is what the process has computed so far, in all its threads, as the scheduler counts it: to the nanosecond.
func (s *server) cpu() (time.Duration, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	var all time.Duration
	for _, path := range threads {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has just ended
		}
		ran, _, _ := strings.Cut(string(text), " ")
		n, err := strconv.ParseInt(ran, 10, 64)
		if err != nil {
			return 0, err
		}
		all += time.Duration(n)
	}
	return all, nil
}

// share is what part of a core the process computes while this one waits.
func (s *server) share(d time.Duration) (float64, error) {
	before, err := s.cpu()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := s.h.wait(d); err != nil {
		return 0, err
	}
	after, err := s.cpu()
	return float64(after-before) / float64(time.Since(began)), err
}

// profiled writes a CPU profile of what the server does while f runs, or an execution trace, if one is wanted.
func (s *server) profiled(name string, length time.Duration, f func() error) error {
	which, into := "profile", s.h.profile
	if s.h.trace != "" {
		which, into = "trace", s.h.trace
	}
	if into == "" || s.http == "" {
		return f()
	}
	failed := make(chan error, 1)
	go func() { // ends after length
		failed <- s.saveProfile(fmt.Sprintf("%s?seconds=%d", which, max(int(length.Seconds()), 1)), filepath.Join(into, name+"."+which))
	}()
	return errors.Join(f(), <-failed)
}

// saveProfile writes one of the server's profiles to a file.
func (s *server) saveProfile(which, file string) error {
	text, err := s.get("/debug/pprof/" + which)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o644)
}

// wait lets time pass.
func (h *harness) wait(d time.Duration) error {
	select {
	case <-h.ctx.Done():
		return h.ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// freeAddr is an address on loopback that nobody listens at.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
