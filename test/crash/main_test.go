package crash

import (
	"flag"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"linger/test/process"
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if off, ok := os.LookupEnv(faultyVariable); ok {
		return runFaulty(off)
	}
	return process.Run(m)
}

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
