//go:build unix

package cli

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// whenHungUp calls f when the reader of a pipe is gone. A write would tell too, but the next message may be long in
// coming, and `linger sub x | head -1` should end with head.
func whenHungUp(w *os.File, f func()) {
	info, err := w.Stat()
	if err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return
	}
	fds := []unix.PollFd{{Fd: int32(w.Fd())}}
	go func() { // ends with the process, or with the pipe
		for {
			_, err := unix.Poll(fds, -1)
			if errors.Is(err, unix.EINTR) {
				continue
			}
			if err == nil && fds[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0 {
				f()
			}
			return
		}
	}()
}
