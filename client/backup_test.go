package client_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"linger/client"
	pb "linger/proto/linger/v1"
)

// sendBackup is a server's side of a backup.
func sendBackup(s backupStream, size uint64, archive string, sum []byte, ended bool) error {
	parts := []*pb.BackupResponse{{Part: &pb.BackupResponse_Begun{Begun: &pb.BackupBegun{
		ServerTime: timestamppb.New(time.UnixMilli(1_800_000_000_000)), Store: "abc", Size: size,
	}}}}
	for _, b := range []byte(archive) {
		parts = append(parts, &pb.BackupResponse{Part: &pb.BackupResponse_Archive{Archive: []byte{b}}})
	}
	if ended {
		parts = append(parts, &pb.BackupResponse{Part: &pb.BackupResponse_Ended{Ended: &pb.BackupEnded{Sha256: sum}}})
	}
	for _, p := range parts {
		if err := s.Send(p); err != nil {
			return err
		}
	}
	return nil
}

func TestBackup(t *testing.T) {
	const archive = "an archive"
	sum := sha256.Sum256([]byte(archive))
	other := sha256.Sum256([]byte("another"))
	for name, c := range map[string]struct {
		size    uint64
		archive string
		sum     []byte
		ended   bool
		whole   bool
	}{
		"whole":          {uint64(len(archive)), archive, sum[:], true, true},
		"empty":          {0, "", sha256Of(""), true, true},
		"cut":            {uint64(len(archive)), archive[:5], nil, false, false},
		"without end":    {uint64(len(archive)), archive, nil, false, false},
		"too short":      {uint64(len(archive)) + 1, archive, sum[:], true, false},
		"other bytes":    {uint64(len(archive)), archive, other[:], true, false},
		"no checksum":    {uint64(len(archive)), archive, nil, true, false},
		"end in between": {uint64(len(archive)), archive[:5], sum[:], true, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{backup: func(s backupStream) error { return sendBackup(s, c.size, c.archive, c.sum, c.ended) }}
			withFake(t, f, func(t *testing.T, cl *client.Client) {
				b, err := cl.Backup(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer b.Close()
				if b.Store != "abc" || b.Size != int64(c.size) || b.ServerTime.UnixMilli() != 1_800_000_000_000 {
					t.Errorf("%+v", b)
				}
				got, err := io.ReadAll(b)
				if string(got) != c.archive {
					t.Errorf("read %q", got)
				}
				if c.whole && (err != nil || !bytes.Equal(b.SHA256(), c.sum)) || !c.whole && !errors.Is(err, client.ErrNotWhole) {
					t.Errorf("ends with %v", err)
				}
			})
		})
	}
}

func sha256Of(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}

func TestBackupRefused(t *testing.T) {
	refusal := status.Error(codes.FailedPrecondition, "nothing to back up")
	withFake(t, &fake{backup: func(backupStream) error { return refusal }}, func(t *testing.T, c *client.Client) {
		_, err := c.Backup(t.Context())
		var e *client.Error
		if !errors.As(err, &e) || e.Code != codes.FailedPrecondition || e.Message != "nothing to back up" {
			t.Errorf("%v", err)
		}
	})
	// One that sends something else first.
	withFake(t, &fake{backup: func(s backupStream) error {
		return s.Send(&pb.BackupResponse{Part: &pb.BackupResponse_Archive{Archive: []byte("x")}})
	}}, func(t *testing.T, c *client.Client) {
		if _, err := c.Backup(t.Context()); !errors.Is(err, client.ErrNotWhole) {
			t.Errorf("%v", err)
		}
	})
}
