package soak

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"linger/test/process"
)

// server is a process of the program, without the race detector: its memory is what is looked at.
type server struct {
	*process.Server
	testing.TB
}

func newServer(t testing.TB, flags ...string) *server {
	t.Helper()
	program, err := process.Released()
	if err != nil {
		t.Fatal(err)
	}
	return &server{process.NewServer(t, program, flags...), t}
}

// start starts the program and connects to it when it has read its store.
func (s *server) start() *grpc.ClientConn {
	s.Helper()
	s.Start()
	conn, err := grpc.NewClient(s.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = conn.Close() })
	return conn
}

// resetPeak has the kernel forget the most that the process took so far.
func (s *server) resetPeak() {
	s.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.PID()), []byte("5"), 0); err != nil {
		s.Fatal(err)
	}
}

// memory is what Linux says of the process, in bytes: "VmHWM" the most of its memory that was in RAM, "VmRSS" what is
// now, "RssFile" of that the program's own pages.
func (s *server) memory(what string) int64 {
	s.Helper()
	all, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID()))
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
