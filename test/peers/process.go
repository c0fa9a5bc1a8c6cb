package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// A server that does not answer after this long never will.
	startLimit = 15 * time.Second
	// What a process is given to end by itself once told.
	stopLimit = 10 * time.Second
)

// A process is one that this program started, and the only kind that it ends.
type process struct {
	name   string
	cmd    *exec.Cmd
	exited chan struct{} // closed once it has ended
	output tail
}

// startProcess runs a program. It dies with this one, whatever this one dies of.
func startProcess(name string, cmd *exec.Cmd) (*process, error) {
	p := &process{name: name, cmd: cmd, exited: make(chan struct{})}
	if cmd.Stdout == nil {
		cmd.Stdout = &p.output
	}
	cmd.Stderr = &p.output
	// A group of its own: Ctrl-C reaches this program alone, which then ends the others in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	go func() {
		_ = cmd.Wait() // how it ended stands in its state
		close(p.exited)
	}()
	return p, nil
}

// stop asks the process to end, makes it when it does not, and returns once it has.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	select {
	case <-p.exited:
	case <-time.After(stopLimit):
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}

// cpu is the time that the process has spent computing so far, in all its threads; 0 once it has ended. The kernel
// tells it in hundredths of a second.
func (p *process) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	// The fields are counted after the name, which may hold anything, in parentheses: state is the first.
	_, rest, _ := bytes.Cut(text, []byte(") "))
	fields := bytes.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(string(fields[11])) // the kernel writes numbers
	system, _ := strconv.Atoi(string(fields[12]))
	return time.Duration(user+system) * 10 * time.Millisecond
}

// failed tells how the process ended, with the last that it said.
func (p *process) failed() error {
	return fmt.Errorf("%s ended: %s\n%s", p.name, p.cmd.ProcessState, p.output.String())
}

// A tail keeps the last few kilobytes that a process wrote.
type tail struct {
	mu   sync.Mutex // guards text
	text []byte
}

const tailBytes = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if excess := len(t.text) - tailBytes; excess > 0 {
		t.text = t.text[excess:]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.text))
}

// A site is where one measurement has its servers and its files. Its end leaves nothing behind.
type site struct {
	ctx       context.Context
	binaries  string // folder of what was built: linger, nats-server
	dir       string // temporary
	processes []*process
	pprof     string // address of a server's /debug/pprof, if it has one
}

// run starts a server.
func (s *site) run(program string, args ...string) error {
	path, err := s.find(program)
	if err != nil {
		return err
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = s.dir
	p, err := startProcess(program, cmd)
	if err != nil {
		return err
	}
	s.processes = append(s.processes, p)
	return nil
}

// find prefers what was built for this run, then what the system has. Debian's servers are in /usr/sbin, which is not
// on everybody's path.
func (s *site) find(program string) (string, error) {
	for _, path := range []string{s.binaries + "/" + program, "/usr/sbin/" + program} {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return "", fmt.Errorf("%w; make peers installs and builds what is missing", err)
	}
	return path, nil
}

// answers waits until the newest server accepts connections at addr.
func (s *site) answers(addr string) error {
	return s.until(addr, func() bool {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err != nil {
			return false
		}
		conn.Close()
		return true
	})
}

// ready waits until the newest server answers url with 200.
func (s *site) ready(url string) error {
	return s.until(url, func() bool {
		req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, url, nil)
		if err != nil {
			return false
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

func (s *site) until(where string, so func() bool) error {
	p := s.processes[len(s.processes)-1]
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); {
		if so() {
			return nil
		}
		select {
		case <-p.exited:
			return p.failed()
		case <-s.ctx.Done():
			return s.ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s does not answer at %s after %s\n%s", p.name, where, startLimit, p.output.String())
}

// end stops the servers, the newest first, and removes the files.
func (s *site) end() {
	for i := len(s.processes) - 1; i >= 0; i-- {
		s.processes[i].stop()
	}
	os.RemoveAll(s.dir)
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

// portOf returns the port of an address of freeAddr's.
func portOf(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }
