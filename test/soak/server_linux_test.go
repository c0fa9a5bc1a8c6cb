package soak

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	// What the program is made of, so that go test does not take a result of other code from its cache.
	_ "linger/internal/cli"
)

// server is the program, on one directory.
type server struct {
	*testing.T
	path  string
	flags []string
	cmd   *exec.Cmd
	ended chan struct{} // closed when cmd has ended
	said  output
}

// newServer builds the program, without the race detector: its memory is what is looked at. LINGER_BINARY=PATH is one that
// is built already.
func newServer(t *testing.T, flags ...string) *server {
	t.Helper()
	s := &server{T: t, path: filepath.Join(t.TempDir(), "linger"), flags: flags}
	if path := os.Getenv("LINGER_BINARY"); path != "" {
		s.path = path
	} else {
		build := exec.Command("go", "build", "-o", s.path, "linger")
		build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is released: all memory is the garbage collector's
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	t.Cleanup(func() {
		if s.cmd != nil {
			_ = s.cmd.Process.Kill()
			<-s.ended
		}
		if t.Failed() {
			t.Logf("the server wrote:\n%s", s.said.String())
		}
	})
	return s
}

var (
	dashboardLine = regexp.MustCompile(`Dashboard\s+(http://[^\s/]+)`)
	grpcLine      = regexp.MustCompile(`gRPC\s+(\S+)`)
)

// start starts the program and connects to it when it has recovered.
func (s *server) start() *grpc.ClientConn {
	s.Helper()
	s.said.reset()
	s.cmd = exec.Command(s.path, append([]string{"serve", "--grpc", "localhost:0", "--http", "localhost:0", "--log-level", "info"}, s.flags...)...)
	s.cmd.Stdout, s.cmd.Stderr = &s.said, &s.said
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "LINGER_") {
			s.cmd.Env = append(s.cmd.Env, v)
		}
	}
	if err := s.cmd.Start(); err != nil {
		s.Fatal(err)
	}
	s.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		_ = cmd.Wait() // how it ended stands in cmd.ProcessState
		close(ended)
	}(s.cmd, s.ended)
	for {
		said := s.said.String()
		if at := grpcLine.FindStringSubmatch(said); at != nil && ready(dashboardLine.FindStringSubmatch(said)) {
			conn, err := grpc.NewClient(at[1], grpc.WithTransportCredentials(insecure.NewCredentials()),
				grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
			if err != nil {
				s.Fatal(err)
			}
			s.Cleanup(func() { _ = conn.Close() })
			return conn
		}
		select {
		case <-s.ended:
			s.Fatalf("the server ended: %v", s.cmd.ProcessState)
		case <-time.After(20 * time.Millisecond): // between two looks
		}
	}
}

// ready tells whether a server has read its store.
func ready(dashboard []string) bool {
	if dashboard == nil {
		return false
	}
	answer, err := http.Get(dashboard[1] + "/readyz")
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// stop ends the program in order.
func (s *server) stop() {
	s.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.Fatal(err)
	}
	<-s.ended
}

// resetPeak has the kernel forget the most that the process took so far.
func (s *server) resetPeak() {
	s.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.cmd.Process.Pid), []byte("5"), 0); err != nil {
		s.Fatal(err)
	}
}

// memory is what Linux says of the process, in bytes: "VmHWM" the most of its memory that was in RAM, "VmRSS" what is
// now, "RssFile" of that the program's own pages.
func (s *server) memory(what string) int64 {
	s.Helper()
	all, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.Fatal(err)
	}
	for line := range strings.Lines(string(all)) {
		if rest, ok := strings.CutPrefix(line, what+":"); ok {
			n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				s.Fatal(err)
			}
			return n << 10
		}
	}
	s.Fatalf("no %s in /proc", what)
	return 0
}

// output collects what a process writes. Safe for concurrent use.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
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

func (o *output) reset() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.buf.Reset()
}
