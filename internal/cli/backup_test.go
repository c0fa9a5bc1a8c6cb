package cli_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"linger/client"
	"linger/internal/cli"
)

// served is a server in this process.
type served struct {
	addr string
	stop func()
}

// serve runs a server on a store until stopped.
func serve(t *testing.T, store string) *served {
	t.Helper()
	read, write := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Run(ctx, []string{"serve", "--store", store, "--grpc", "localhost:0", "--http", "localhost:0"},
			cli.Env{Version: "1.2.3", Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: write, Getenv: func(string) string { return "" }})
		write.Close()
	}()
	s := &served{stop: sync.OnceFunc(func() {
		cancel()
		if status := <-ended; status != 0 {
			t.Errorf("the server ends with %d", status)
		}
	})}
	t.Cleanup(s.stop)
	var said strings.Builder
	b := make([]byte, 1)
	for !strings.Contains(said.String(), "Ctrl-C") {
		if _, err := read.Read(b); err != nil {
			t.Fatalf("the server does not start:\n%s", &said)
		}
		said.Write(b)
	}
	go func() { _, _ = io.Copy(io.Discard, read) }()
	for line := range strings.Lines(said.String()) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == "gRPC" {
			s.addr = fields[1]
		}
	}
	return s
}

// run runs a command in this process and gives what it printed; it must end with the status.
func run(t *testing.T, status int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	env := cli.Env{Version: "1.2.3", Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }}
	if got := cli.Run(t.Context(), args, env); got != status {
		t.Fatalf("linger %v: status %d, want %d\n%s%s", args, got, status, &out, &errs)
	}
	return out.String(), errs.String()
}

func dialled(t *testing.T, addr string) *client.Client {
	t.Helper()
	c, err := client.Dial(addr, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// A backup that is taken while publishers run has all that was acknowledged before it began, of the rest what came first,
// and each message once; it verifies, and a server serves it.
func TestBackupUnderLoad(t *testing.T) {
	dir := t.TempDir()
	origin := serve(t, "file:"+filepath.Join(dir, "data"))
	c := dialled(t, origin.addr)
	const publishers = 4
	var acknowledged [publishers]atomic.Uint64
	topic := func(i int) string { return fmt.Sprintf("load.%d", i) }
	publishing, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for i := range publishers {
		all.Go(func() {
			for n := uint64(1); ; n++ {
				ack, err := c.Publish(publishing, topic(i), time.Hour, client.Message{Data: fmt.Appendf(nil, "%d of %d", n, i)})
				switch {
				case publishing.Err() != nil:
					return
				case err != nil || ack.Sequence != n:
					t.Errorf("%+v, %v; want #%d", ack, err, n)
					return
				}
				acknowledged[i].Store(n)
			}
		})
	}
	for acknowledged[0].Load() < 100 {
		time.Sleep(time.Millisecond)
	}
	var before [publishers]uint64
	for i := range before {
		before[i] = acknowledged[i].Load()
	}
	run(t, 0, "backup", filepath.Join(dir, "copy"), "--server", origin.addr)
	stop()
	all.Wait()
	if out, _ := run(t, 0, "verify", filepath.Join(dir, "copy")); !strings.Contains(out, "nothing is wrong") {
		t.Errorf("verify: %s", out)
	}
	copied := dialled(t, serve(t, "file:"+filepath.Join(dir, "copy")).addr)
	for i := range publishers {
		last := uint64(0)
		for m, err := range copied.ListMessages(t.Context(), topic(i), client.ListOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("%d of %d", last+1, i); m.Sequence != last+1 || string(m.Data) != want {
				t.Fatalf("#%d %q after #%d", m.Sequence, m.Data, last)
			}
			last = m.Sequence
		}
		// One more may have been committed than its publisher was told.
		if most := acknowledged[i].Load() + 1; last < before[i] || last > most {
			t.Errorf("%s comes to #%d; #%d was acknowledged before the backup, #%d at last", topic(i), last, before[i], most)
		}
	}
}

// A backup that breaks off leaves nothing.
func TestBackupBrokenOff(t *testing.T) {
	dir := t.TempDir()
	server := serve(t, "file:"+filepath.Join(dir, "data"))
	existing := filepath.Join(dir, "empty")
	if err := os.Mkdir(existing, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"new", "empty", "file.tar"} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var errs bytes.Buffer
		env := cli.Env{Version: "1.2.3", Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: &errs, Getenv: func(string) string { return "" }}
		if status := cli.Run(ctx, []string{"backup", filepath.Join(dir, to), "--server", server.addr}, env); status != 1 {
			t.Errorf("%s: status %d", to, status)
		}
		if !strings.Contains(errs.String(), "interrupted; nothing is left of the copy") {
			t.Errorf("%s: %s", to, &errs)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("left: %v, %v", entries, err)
	}
}

// What a server sends goes nowhere but into the directory.
func TestBackupUnpacksPlainFilesOnly(t *testing.T) {
	for _, name := range []string{"../outside", "/etc/outside", "a/b", "..", "."} {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			dir := filepath.Join(parent, "copy")
			var b bytes.Buffer
			archive := tar.NewWriter(&b)
			for _, file := range []string{"000001.sst", name, "FENCE"} {
				if err := errors.Join(archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: file, Size: 1, Mode: 0o600}), write(archive, "x")); err != nil {
					t.Fatal(err)
				}
			}
			archive.Close()
			if err := cli.Unpack(dir, &b); !errors.Is(err, client.ErrNotWhole) {
				t.Errorf("unpacked: %v", err)
			}
			if entries, err := os.ReadDir(parent); err != nil || len(entries) > 0 {
				t.Errorf("left: %v, %v", entries, err)
			}
		})
	}
}

func write(w io.Writer, s string) error {
	_, err := io.WriteString(w, s)
	return err
}

// An archive that is cut in the middle, or whose end is wrong, leaves nothing: the fence, without which there is no store,
// is written last.
func TestBackupCut(t *testing.T) {
	var b bytes.Buffer
	archive := tar.NewWriter(&b)
	for _, file := range []string{"000001.sst", "MANIFEST-000001", "FENCE"} {
		if err := errors.Join(archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: file, Size: 600, Mode: 0o600}), write(archive, strings.Repeat("x", 600))); err != nil {
			t.Fatal(err)
		}
	}
	archive.Close()
	wrong := errors.New("the checksum is wrong")
	for n := 0; n <= b.Len(); n += 256 {
		parent := t.TempDir()
		dir := filepath.Join(parent, "copy")
		if err := cli.Unpack(dir, io.MultiReader(bytes.NewReader(b.Bytes()[:n]), failing{wrong})); !errors.Is(err, wrong) {
			t.Errorf("cut at %d: %v", n, err)
		}
		if entries, err := os.ReadDir(parent); err != nil || len(entries) > 0 {
			t.Errorf("cut at %d leaves %v, %v", n, entries, err)
		}
	}
	dir := filepath.Join(t.TempDir(), "copy")
	if err := cli.Unpack(dir, bytes.NewReader(b.Bytes())); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 3 {
		t.Errorf("%v, %v", entries, err)
	}
}

// failing is a reader of nothing but an error.
type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }
