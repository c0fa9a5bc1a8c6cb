package crash

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	// What the program is made of, so that go test does not take a result of other code from its cache.
	_ "linger/internal/cli"
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

// scratch is the directory of this run of the tests.
var scratch string

func run(m *testing.M) int {
	if off, ok := os.LookupEnv(faultyVariable); ok {
		return runFaulty(off)
	}
	var err error
	if scratch, err = os.MkdirTemp("", "linger-crash-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	return m.Run()
}

// soak says that there is time for larger numbers.
var soak = os.Getenv("LINGER_SOAK") != ""

var seedFlag = flag.Uint64("seed", 0, "draw the lots of this seed; 0: of a new one")

// seedOf prints the seed of a test. Lots are drawn from it alone; when what happens, the machine decides.
func seedOf(t *testing.T) uint64 {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("to repeat: -run '^%s$' -seed=%d", t.Name(), seed)
	return seed
}

// lots are those of one part of a test.
func lots(seed, part uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, part)) }

// program is the one that is tested, with the race detector in it if this test has it too.
var program = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("LINGER_BINARY"); path != "" {
		return filepath.Abs(path)
	}
	path := filepath.Join(scratch, "linger")
	args := []string{"build", "-o", path}
	if raceEnabled {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "linger")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return path, nil
})
