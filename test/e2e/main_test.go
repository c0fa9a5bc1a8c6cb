package e2e

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

func TestMain(m *testing.M) { os.Exit(run(m)) }

// scratch is the directory of this run of the tests.
var scratch string

func run(m *testing.M) int {
	var err error
	if scratch, err = os.MkdirTemp("", "linger-e2e-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	defer closeBrowser()
	return m.Run()
}

// soak says that there is time for larger numbers.
var soak = os.Getenv("LINGER_SOAK") != ""

// checkedProgram is the program with the race detector in it, if this test has it too: for everything but load.
var checkedProgram = sync.OnceValues(func() (string, error) { return build("linger-checked", raceEnabled) })

// fastProgram is the program as people build it, for load and for what is measured.
var fastProgram = sync.OnceValues(func() (string, error) { return build("linger", false) })

func build(name string, race bool) (string, error) {
	if path := os.Getenv("LINGER_BINARY"); path != "" {
		return filepath.Abs(path)
	}
	path := filepath.Join(scratch, name)
	args := []string{"build", "-o", path}
	if race {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "linger")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return path, nil
}
