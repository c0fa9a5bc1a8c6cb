package crash

import (
	"testing"

	"linger/test/process"
)

// server is a process of the program on a directory.
type server struct {
	*process.Server
	t testing.TB
}

// newServer prepares a server of the program on a directory. It is ended with the test.
func newServer(t testing.TB, dir string, flags ...string) *server {
	t.Helper()
	program, err := process.Checked()
	if err != nil {
		t.Fatal(err)
	}
	return serverOf(t, program, dir, flags...)
}

// serverOf is newServer of a program at a path.
func serverOf(t testing.TB, program, dir string, flags ...string) *server {
	return &server{Server: process.NewServer(t, program, append([]string{"--store", "file:" + dir}, flags...)...), t: t}
}

// linger runs one of the program's commands on this server and gives what it wrote.
func (s *server) linger(args ...string) (string, error) {
	out, err := s.Command(args...).CombinedOutput()
	return string(out), err
}
