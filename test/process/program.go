package process

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	// What the program is made of, so that go test does not take a result of other code from its cache.
	_ "linger/internal/cli"
)

// scratch is the directory of this run of the tests.
var scratch string

// Scratch is a directory for what the tests of a run share. It goes with the run.
func Scratch() string { return scratch }

// Run runs the tests of a package that uses this one, and what ends what they share. Its TestMain exits with the status.
func Run(m *testing.M, ends ...func()) (status int) {
	var err error
	if scratch, err = os.MkdirTemp("", "linger-test-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	for _, end := range ends {
		defer end()
	}
	return m.Run()
}

// Checked builds the program with the race detector in it, if this test has it too: for everything but load.
var Checked = sync.OnceValues(func() (path string, err error) { return build("linger-checked", raceEnabled) })

// Released builds the program as it is released, for load and for what is measured.
var Released = sync.OnceValues(func() (path string, err error) { return build("linger", false) })

func build(name string, race bool) (string, error) {
	if path := os.Getenv("LINGER_BINARY"); path != "" {
		return filepath.Abs(path)
	}
	path := filepath.Join(scratch, name)
	cmd := exec.Command("go", "build", "-o", path)
	if race {
		cmd.Args = append(cmd.Args, "-race")
	} else {
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // the garbage collector's is all the memory there is
	}
	cmd.Args = append(cmd.Args, "linger")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return path, nil
}

// Environment is this process's without what configures Linger.
func Environment() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "LINGER_") {
			env = append(env, v)
		}
	}
	return env
}
