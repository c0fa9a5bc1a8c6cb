package main

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// server is a Linger on ports of its own, which keeps its messages in a directory of its own.
type server struct {
	dashboard, grpc string // the one a URL, the other HOST:PORT
	process         *exec.Cmd
}

// startServer starts the program and reads from its first lines where it is.
func startServer(ctx context.Context, program, dir string) (*server, error) {
	program, err := filepath.Abs(program)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, "--grpc", "localhost:0", "--http", "localhost:0")
	cmd.Dir = dir
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	says, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{process: cmd}
	lines := bufio.NewScanner(says)
	for lines.Scan() {
		switch words := strings.Fields(lines.Text()); {
		case len(words) > 1 && words[0] == "Dashboard":
			s.dashboard = words[1]
		case len(words) > 1 && words[0] == "gRPC":
			s.grpc = words[1]
		}
		if strings.HasPrefix(lines.Text(), "Ctrl-C") {
			return s, nil
		}
	}
	return nil, errors.Join(errors.New("the server did not start"), lines.Err(), cmd.Wait())
}

// stop ends the server in order.
func (s *server) stop() {
	_ = s.process.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	_ = s.process.Wait()
}
