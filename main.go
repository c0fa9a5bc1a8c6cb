// Linger is a publish/subscribe broker in which every message says how long the server keeps it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"linger/internal/cli"
)

// version is what `linger version` and the dashboard say.
const version = "0.1.0"

func main() { os.Exit(run()) }

// run ends in order at the first signal; a second one ends at once.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	signal.Ignore(syscall.SIGPIPE) // a closed pipe is an error from Write, with which commands end quietly
	return cli.Run(ctx, os.Args[1:], cli.Default(version))
}
