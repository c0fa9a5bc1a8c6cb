package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"linger/broker"
	"linger/internal/server"
	lingerv1 "linger/proto/linger/v1"
)

// copied is a snapshot of so many bytes, in writes of any size. pause, where it is not nil, is awaited in the middle.
type copied struct {
	size   int
	pause  chan struct{}
	closed atomic.Int32
	fail   error
}

func (c *copied) Size() int64 { return int64(c.size) }

func (c *copied) WriteTo(w io.Writer) (n int64, err error) {
	b := bytes.Repeat([]byte("archive "), c.size/8)
	for _, part := range [][]byte{b[:100], b[100 : len(b)/2], b[len(b)/2:]} {
		if n > 100 && c.pause != nil {
			<-c.pause
		}
		if n > 100 && c.fail != nil {
			return n, c.fail
		}
		m, err := w.Write(part)
		if n += int64(m); err != nil {
			return n, err
		}
	}
	return n, nil
}

func (c *copied) Close() error {
	c.closed.Add(1)
	return nil
}

// withSnapshot starts a server whose store can be copied.
func withSnapshot(t *testing.T, c *copied) (*running, lingerv1.StoreServiceClient) {
	s := start(t, func(config *server.Config, _ *broker.Config) {
		config.Snapshot = func(context.Context) (server.Snapshot, error) { return c, nil }
	})
	return s, lingerv1.NewStoreServiceClient(s.dial())
}

// read takes all of a backup; err is how it ended, nil for an end in order.
func read(t *testing.T, client lingerv1.StoreServiceClient) (begun *lingerv1.BackupBegun, archive []byte, ended *lingerv1.BackupEnded, err error) {
	t.Helper()
	stream, err := client.Backup(t.Context(), &lingerv1.BackupRequest{})
	if err != nil {
		return nil, nil, nil, err
	}
	for {
		resp, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return begun, archive, ended, nil
		case err != nil:
			return begun, archive, ended, err
		case (begun == nil) != (resp.GetBegun() != nil) || ended != nil:
			t.Errorf("out of order: %v", resp)
		case len(resp.GetArchive()) > 256<<10:
			t.Errorf("a piece of %d bytes", len(resp.GetArchive()))
		}
		if begun == nil {
			begun = resp.GetBegun()
		}
		archive = append(archive, resp.GetArchive()...)
		ended = resp.GetEnded()
	}
}

func TestBackup(t *testing.T) {
	c := &copied{size: 1_000_000}
	s, client := withSnapshot(t, c)
	before := s.broker.Now()
	begun, archive, ended, err := read(t, client)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(archive)
	if len(archive) != c.size || begun.Size != uint64(c.size) || !bytes.Equal(ended.GetSha256(), sum[:]) {
		t.Errorf("%d bytes, told as %v and %v", len(archive), begun, ended)
	}
	if at := begun.ServerTime.AsTime(); at.Before(before.Time()) || begun.Store != s.broker.StoreID() {
		t.Errorf("%v after %v", begun, before.Time())
	}
	if n := c.closed.Load(); n != 1 {
		t.Errorf("the copy was given up %d times", n)
	}
}

func TestBackupOneAtATime(t *testing.T) {
	c := &copied{size: 800_000, pause: make(chan struct{})}
	_, client := withSnapshot(t, c)
	stream, err := client.Backup(t.Context(), &lingerv1.BackupRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	_, _, _, err = read(t, client)
	if st := wantCode(t, err, codes.FailedPrecondition); reasonOf(st) != "BACKUP_UNDER_WAY" {
		t.Errorf("%v", st)
	}
	close(c.pause)
	for err = nil; err == nil; {
		_, err = stream.Recv()
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if _, _, ended, err := read(t, client); err != nil || ended == nil {
		t.Errorf("after it: %v, %v", ended, err)
	}
}

func TestBackupOfNothing(t *testing.T) {
	s := start(t, nil)
	_, _, _, err := read(t, lingerv1.NewStoreServiceClient(s.dial()))
	if st := wantCode(t, err, codes.FailedPrecondition); reasonOf(st) != "NOTHING_STORED" || !strings.Contains(st.Message(), "memory:") {
		t.Errorf("%v", st)
	}
}

// A copy that cannot be read to its end has no end, and its client is told no more than that.
func TestBackupFails(t *testing.T) {
	c := &copied{size: 800_000, fail: errors.New("input/output error of /dev/secret")}
	_, client := withSnapshot(t, c)
	begun, _, ended, err := read(t, client)
	st := wantCode(t, err, codes.Internal)
	if begun == nil || ended != nil || strings.Contains(st.Message(), "secret") || c.closed.Load() != 1 {
		t.Errorf("%v, %v, %v, given up %d times", begun, ended, st, c.closed.Load())
	}
}

// A server that stops does not wait for a backup.
func TestBackupEndsWithTheServer(t *testing.T) {
	c := &copied{size: 8_000_000, pause: make(chan struct{})}
	s, client := withSnapshot(t, c)
	stream, err := client.Backup(t.Context(), &lingerv1.BackupRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- s.stop() }()
	close(c.pause)
	for err = nil; err == nil; {
		_, err = stream.Recv()
	}
	if code := status.Code(err); code != codes.Unavailable && !errors.Is(err, io.EOF) {
		t.Errorf("ends with %v", err)
	}
	if err := <-stopped; err != nil || c.closed.Load() != 1 {
		t.Errorf("%v; given up %d times", err, c.closed.Load())
	}
}
