package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// openBrowser starts Chromium with one tab, the context's.
func openBrowser(ctx context.Context, dir string) (context.Context, func(), error) {
	path, err := exec.LookPath("chromium-headless-shell")
	if err != nil {
		return nil, nil, fmt.Errorf("%w: make setup", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(dir), chromedp.DisableGPU, chromedp.Flag("lang", "en"))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, cancel := chromedp.NewExecAllocator(ctx, options...)
	tab, _ := chromedp.NewContext(allocator)
	end := func() {
		_ = chromedp.Cancel(tab) // its directory goes anyway
		cancel()
	}
	focus := call(emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	if err := chromedp.Do(tab, focus, chromedp.EmulateViewport(width, height)); err != nil {
		end()
		return nil, nil, err
	}
	return tab, end, nil
}

// dark asks for the page in dark colours, or in light ones.
func dark(tab context.Context, on bool) error {
	value := "light"
	if on {
		value = "dark"
	}
	return chromedp.Do(tab, call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}},
	}))
}

// until waits until an expression of the page is true, for ten seconds.
func until(tab context.Context, expression string) error {
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		ok, err := chromedp.Run(tab, chromedp.Evaluate[bool](expression))
		if err != nil || ok {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("after 10 s it is not true that %s", expression)
		}
	}
}

// live waits until the page follows the server.
func live(tab context.Context) error {
	return until(tab, `document.querySelector("#mark")?.dataset.state === "live" && !!document.querySelector("#main[data-ready]")`)
}

// call makes an action of a protocol command whose answer is of no interest.
func call[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}
