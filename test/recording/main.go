// Command recording makes the README's pictures from a running server: docs/images/now-light.png and now-dark.png, and
// demo.webp, the first seconds of the demo. `make recording` runs it, from the module's root.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// The page's size in the pictures.
const (
	width  = 1280
	height = 800
)

func main() {
	dir := flag.String("o", "docs/images", "write the pictures into `DIR`")
	still := flag.Bool("still", false, "take the pictures only")
	program := flag.String("program", "./linger", "record this `BINARY`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *program, *dir, *still); err != nil {
		fmt.Fprintln(os.Stderr, "recording:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, program, dir string, still bool) error {
	scratch, err := os.MkdirTemp("", "linger-recording-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	browser, closeBrowser, err := openBrowser(ctx, filepath.Join(scratch, "browser"))
	if err != nil {
		return err
	}
	defer closeBrowser()
	if err := portray(browser, program, filepath.Join(scratch, "portrait"), dir); err != nil {
		return fmt.Errorf("the pictures: %w", err)
	}
	if still {
		return nil
	}
	if err := record(browser, program, filepath.Join(scratch, "demo"), filepath.Join(dir, "demo.webp")); err != nil {
		return fmt.Errorf("the demo: %w", err)
	}
	return nil
}
