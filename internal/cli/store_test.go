package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"
)

// What a test that runs as root, on a disk with room, does not meet.
func TestExplainStore(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{&fs.PathError{Op: "mkdir", Path: "/data", Err: syscall.EACCES}, "cannot be written by this user (mkdir /data: permission denied)"},
		{&fs.PathError{Op: "open", Path: "/data/LOCK", Err: syscall.EROFS}, "cannot be written by this user (open /data/LOCK: read-only file system)"},
		{fmt.Errorf("/data: %w", syscall.ENOSPC), "the disk of the store /data is full"},
		{syscall.EDQUOT, "the disk of the store /data is full"},
		{errors.New("odd"), "cannot be in /data (odd)"},
	} {
		got := explainStore("/data", c.err)
		if !strings.Contains(got.Error(), c.want) || !strings.Contains(got.Error(), "--store file:") || strings.Contains(got.Error(), "\n") {
			t.Errorf("%v: %v", c.err, got)
		}
	}
}
