package cli

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// inProcess is a server that runs within the test.
type inProcess struct {
	*screen
	grpc, dashboard string
	stop            func() (status int)
}

// serveIn runs a server on a directory of a machine, until the test ends.
func serveIn(t *testing.T, dir string, m Machine) *inProcess {
	t.Helper()
	s := &inProcess{screen: &screen{}}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() {
		ended <- Run(ctx, []string{"serve", "--grpc", "localhost:0", "--http", "localhost:0", "--store", "file:" + dir}, Env{
			Stdin: strings.NewReader(""), Stdout: s, Stderr: s, Getenv: func(string) string { return "" }, Machine: m,
		})
	}()
	s.stop = func() int {
		cancel()
		status := <-ended
		ended <- status
		return status
	}
	t.Cleanup(func() { s.stop() })
	<-s.await("Ctrl-C")
	s.grpc = regexp.MustCompile(`gRPC +(\S+)`).FindStringSubmatch(s.String())[1]
	s.dashboard = regexp.MustCompile(`Dashboard +(\S+)`).FindStringSubmatch(s.String())[1]
	return s
}

// linger runs a command against the server.
func (s *inProcess) linger(t *testing.T, args ...string) (status int, said string) {
	var out bytes.Buffer
	env := Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" }}
	status = Run(t.Context(), append(args, "--server", s.grpc), env)
	return status, out.String()
}

// A disk that fails makes the server read-only: what was acknowledged can be read, the rest is refused with the reason,
// and whoever watches over the server is told.
func TestDiskFails(t *testing.T) {
	var failing atomic.Bool
	disk := errorfs.Wrap(vfs.Default, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if failing.Load() && op.Kind.ReadOrWrite() == errorfs.OpIsWrite && strings.HasSuffix(op.Path, ".log") {
			return syscall.EIO
		}
		return nil
	}))
	dir := filepath.Join(t.TempDir(), "store")
	s := serveIn(t, dir, Machine{FS: disk})
	s.expect(t, 0, "hello #1 kept 1h", "pub", "hello", "kept", "--ttl", "1h")
	s.expect(t, 0, "serving", "health")

	failing.Store(true)
	s.expect(t, 1, "linger: ", "pub", "hello", "in doubt", "--ttl", "1h", "--retry", "1ms")
	s.expect(t, 1, "the disk of "+dir+" failed (", "pub", "hello", "refused", "--ttl", "1h")
	s.expect(t, 0, "hello #1 59m", "messages", "hello")
	for status := 0; status == 0; { // the health service looks each second
		if t.Context().Err() != nil {
			t.Fatal("the server is healthy still")
		}
		status, _ = s.linger(t, "health")
	}
	s.expect(t, 1, "isk of "+dir+" failed (", "health")
	resp, err := http.Get(s.dashboard + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusServiceUnavailable || !strings.HasPrefix(string(text), "read-only: ") {
		t.Errorf("ready: %d %s", resp.StatusCode, text)
	}
	if status := s.stop(); status != 1 || !strings.Contains(s.String(), "the disk of "+dir+" failed (") {
		t.Errorf("the server ended with status %d:\n%s", status, s)
	}

	copied := filepath.Join(t.TempDir(), "copy") // this process has the directory still, as one that has ended does not
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	again := serveIn(t, copied, Machine{})
	if !strings.Contains(again.String(), "Linger had not been stopped in order") {
		t.Errorf("the next start says\n%s", again)
	}
	again.expect(t, 0, "hello #1 59m", "messages", "hello")
	if status := again.stop(); status != 0 {
		t.Errorf("the server ended with status %d:\n%s", status, again)
	}
}

// expect runs a command that must end so and say that.
func (s *inProcess) expect(t *testing.T, status int, text string, args ...string) {
	t.Helper()
	if got, said := s.linger(t, args...); got != status || !strings.Contains(said, text) {
		t.Errorf("linger %q: status %d, not %d with %q:\n%s", args, got, status, text, said)
	}
}
