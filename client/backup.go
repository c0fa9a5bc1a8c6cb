package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"google.golang.org/grpc"

	pb "linger/proto/linger/v1"
)

// ErrNotWhole is returned when a backup ended before its end, or is not what the server sent. What was read of it is to be
// thrown away.
var ErrNotWhole = errors.New("the backup did not come whole")

// Backup is a copy of a server's store on its way: a tar archive of the files that belong into a directory of their own.
// Read it to its end: only then is it known to be whole.
type Backup struct {
	// ServerTime is the moment as of which the copy is: all that was acknowledged before is in it.
	ServerTime time.Time
	// Store is the store that is copied. The copy is another one once a server was started on it.
	Store string
	// Size is how long the archive is, in bytes.
	Size int64

	client *Client
	stream grpc.ServerStreamingClient[pb.BackupResponse]
	cancel context.CancelFunc
	piece  []byte // received, not read yet
	read   int64
	sum    hash.Hash
	err    error // what Read returns from now on, once piece is empty
}

// Backup begins to copy the server's store as it stands, while the server goes on. Close it, or end ctx. An [*Error] with
// codes.FailedPrecondition when the server keeps nothing on disk, or another backup is under way.
func (c *Client) Backup(ctx context.Context) (*Backup, error) {
	ctx, cancel := context.WithCancel(ctx)
	stream, err := c.store.Backup(ctx, &pb.BackupRequest{})
	if err != nil {
		cancel()
		return nil, c.rpcError(err)
	}
	resp, err := stream.Recv()
	begun := resp.GetBegun()
	switch {
	case err != nil:
		err = c.rpcError(noEOF(err))
	case begun == nil:
		err = fmt.Errorf("%w: it does not begin with its beginning", ErrNotWhole)
	}
	if err != nil {
		cancel()
		return nil, err
	}
	return &Backup{
		ServerTime: goTime(begun.GetServerTime()), Store: begun.GetStore(), Size: int64(begun.GetSize()),
		client: c, stream: stream, cancel: cancel, sum: sha256.New(),
	}, nil
}

// Read implements io.Reader. io.EOF says that the archive has come whole; every other error that it has not.
func (b *Backup) Read(p []byte) (int, error) {
	for len(b.piece) == 0 && b.err == nil {
		b.receive()
	}
	if len(b.piece) == 0 {
		return 0, b.err
	}
	n := copy(p, b.piece)
	b.piece = b.piece[n:]
	return n, nil
}

// receive takes the next piece, or sets err.
func (b *Backup) receive() {
	resp, err := b.stream.Recv()
	if err != nil {
		b.err = fmt.Errorf("%w: %w", ErrNotWhole, b.client.rpcError(noEOF(err)))
		return
	}
	switch part := resp.GetPart().(type) {
	case *pb.BackupResponse_Archive:
		b.piece = part.Archive
		b.read += int64(len(part.Archive))
		b.sum.Write(part.Archive)
	case *pb.BackupResponse_Ended:
		b.err = io.EOF
		if b.read != b.Size || !bytes.Equal(part.Ended.GetSha256(), b.sum.Sum(nil)) {
			b.err = fmt.Errorf("%w: %d of %d bytes came, and the checksum does not match", ErrNotWhole, b.read, b.Size)
		}
	default:
		b.err = fmt.Errorf("%w: a piece of it is of no kind that is known here", ErrNotWhole)
	}
}

// SHA256 is the checksum of what was received so far: at the end, of the archive.
func (b *Backup) SHA256() []byte { return b.sum.Sum(nil) }

// Close ends the copying. It may be called at any time.
func (b *Backup) Close() error {
	b.cancel()
	return nil
}
