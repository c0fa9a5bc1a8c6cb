// Command check decides whether this checkout is fit to land. The Makefile runs it:
//
//	go run ./internal/check            everything (make test)
//	go run ./internal/check lint       all but the tests
//	go run ./internal/check soak       the long forms of tests, an hour (SOAK_MINUTES); soak killed memory: those parts
//	go run ./internal/check generate   no checks: generates code anew
//
// Every stage runs, whatever the others found, and the last line tells how many tests passed and failed. A stage that
// fails without naming a test counts as one failure, so that line and exit status always agree.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	what := "all"
	if len(os.Args) > 1 {
		what = os.Args[1]
	}
	ok, err := run(ctx, what, os.Args[min(2, len(os.Args)):], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// longest are the packages whose tests take longest. They begin first, so that none is left alone with a processor at the end.
var longest = []string{"./test/e2e", "./broker/pebblelog"}

// waiting has more under way than there are processors, as the tests of test/e2e wait half of their time: a package more, and
// twice as many tests of each. One stage of the others runs beside these.
var waiting = []string{fmt.Sprintf("-p=%d", runtime.NumCPU()+1), fmt.Sprintf("-parallel=%d", 2*runtime.NumCPU())}

func run(ctx context.Context, what string, only []string, out io.Writer) (ok bool, err error) {
	r := &runner{out: out}
	switch what {
	case "all":
		// Generating writes what the others read.
		r.inTurn(ctx, []stage{generated})
		r.live(ctx,
			goTests(testRun{name: "go test", dir: ".", packages: append(longest, "./..."), flags: append([]string{"-timeout=15m", "-vet=off"}, waiting...)}),
			slices.Concat(lint, []stage{
				scripts,
				goTests(testRun{name: "go test peers", dir: peers, packages: []string{"./..."}, flags: []string{"-timeout=5m"}}),
			})...)
	case "lint":
		r.inTurn(ctx, lint)
	case "soak":
		if err := soak(ctx, r, only, os.Getenv); err != nil {
			return false, err
		}
	case "generate":
		return true, generate(ctx, out)
	default:
		return false, fmt.Errorf("unknown %q: want lint, soak, generate or nothing", what)
	}
	return r.summary(), nil
}
