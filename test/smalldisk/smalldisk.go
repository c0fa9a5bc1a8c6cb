// Package smalldisk makes small file systems of their own, for tests that fill them.
package smalldisk

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// holder mounts in a mount namespace of its own and stays until its input ends, which it does with the test process,
// however that ends: no mount is ever left behind, and none is seen by others.
const holder = `mount -t tmpfs -o "size=$1" tmpfs "$2" && echo mounted && exec cat`

// New mounts a file system of so many bytes and returns a path to it that this process and its children can use. It goes
// with the test. It takes root, or a kernel that lets users have namespaces.
func New(t testing.TB, bytesInAll int64) (dir string) {
	t.Helper()
	where := t.TempDir()
	args := []string{"--mount"}
	if os.Getuid() != 0 {
		args = append(args, "--user", "--map-root-user")
	}
	cmd := exec.Command("unshare", append(args, "sh", "-c", holder, "sh", fmt.Sprint(bytesInAll), where)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("a small file system needs unshare, of Debian's util-linux: %v", err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait() // cat ends with its input
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || strings.TrimSpace(line) != "mounted" {
		_ = in.Close()
		_ = cmd.Wait()
		t.Fatalf("mounting a small file system: %v\n%s", err, &stderr)
	}
	return fmt.Sprintf("/proc/%d/root%s", cmd.Process.Pid, where)
}

// Fill writes a file until the file system is full to the last block.
func Fill(t testing.TB, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // a full disk may tell again what Write has
	for size := 1 << 20; size >= 512; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
}
