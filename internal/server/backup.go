package server

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"

	"linger/broker"
	lingerv1 "linger/proto/linger/v1"
)

// Snapshot is a copy of the store as it stood at one moment, as an archive to be read once.
type Snapshot interface {
	// Size is how long the archive is, in bytes.
	Size() int64
	// WriterTo writes the archive.
	io.WriterTo
	// Close gives up the copy.
	Close() error
}

var (
	// errNothingStored answers a backup of a store that keeps nothing.
	errNothingStored = errors.New("the store keeps nothing on disk (memory:), so there is nothing to back up; linger export reads what is retained")
	// errBackupUnderWay answers a second backup.
	errBackupUnderWay = errors.New("another backup is under way; there is one at a time, try again when it is done")
)

// backupPiece is how much of an archive is sent at a time, in bytes.
const backupPiece = 256 << 10

type storeService struct {
	*service
	lingerv1.UnimplementedStoreServiceServer
	busy sync.Mutex // held while a backup is under way
}

// Backup implements lingerv1.StoreServiceServer.
func (s *storeService) Backup(_ *lingerv1.BackupRequest, stream grpc.ServerStreamingServer[lingerv1.BackupResponse]) (err error) {
	if s.config.Snapshot == nil {
		return errNothingStored
	}
	if !s.busy.TryLock() {
		return errBackupUnderWay
	}
	defer s.busy.Unlock()
	now := s.broker.Now() // all that was acknowledged before is in the copy
	snapshot, err := s.config.Snapshot(stream.Context())
	if err != nil {
		return err
	}
	defer func() {
		if failed := snapshot.Close(); failed != nil { // the client has its copy, or knows that it has none
			s.config.Logger.Warn("a backup's copy could not be removed; the next start does it", "error", failed)
		}
	}()
	s.config.Logger.Info("backup begins", "bytes", snapshot.Size())
	err = s.sendBackup(stream, snapshot, now)
	s.config.Logger.Info("backup ended", "bytes", snapshot.Size(), "whole", err == nil)
	return err
}

// sendBackup sends all of a copy.
func (s *storeService) sendBackup(stream grpc.ServerStreamingServer[lingerv1.BackupResponse], snapshot Snapshot, now broker.Instant) error {
	err := stream.Send(&lingerv1.BackupResponse{Part: &lingerv1.BackupResponse_Begun{Begun: &lingerv1.BackupBegun{
		ServerTime: timestamp(now), Store: s.broker.StoreID(), Size: uint64(snapshot.Size()),
	}}})
	if err != nil {
		return err
	}
	sum := sha256.New()
	pieces := bufio.NewWriterSize(archiveStream{stream.Context(), stream}, backupPiece)
	if _, err := snapshot.WriteTo(io.MultiWriter(sum, pieces)); err != nil {
		return err
	}
	if err := pieces.Flush(); err != nil {
		return err
	}
	return stream.Send(&lingerv1.BackupResponse{Part: &lingerv1.BackupResponse_Ended{Ended: &lingerv1.BackupEnded{Sha256: sum.Sum(nil)}}})
}

// archiveStream sends what is written, in pieces that the buffer before it makes.
type archiveStream struct {
	ctx    context.Context
	stream grpc.ServerStreamingServer[lingerv1.BackupResponse]
}

// Write sends one piece, or more where the writer hands over more at once than the buffer holds.
func (a archiveStream) Write(b []byte) (int, error) {
	for sent := 0; sent < len(b); {
		if err := a.ctx.Err(); err != nil { // the server stops, too
			return sent, err
		}
		piece := b[sent:min(sent+backupPiece, len(b))]
		if err := a.stream.Send(&lingerv1.BackupResponse{Part: &lingerv1.BackupResponse_Archive{Archive: piece}}); err != nil {
			return sent, err
		}
		sent += len(piece)
	}
	return len(b), nil
}
