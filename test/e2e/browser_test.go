package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"linger/test/process"
)

// theBrowser is one Chromium for all tests; each test has a browser context, which shares nothing with the others.
var theBrowser = sync.OnceValues(openBrowser)

var closeBrowser = func() {} // by TestMain

func openBrowser() (context.Context, error) {
	path, err := exec.LookPath("chromium-headless-shell")
	if err != nil {
		return nil, fmt.Errorf("%w: make setup", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.UserDataDir(filepath.Join(process.Scratch(), "browser")),
		chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-features", "Translate,MediaRouter,OptimizationHints,SpareRendererForSitePerProcess"),
		chromedp.Flag("process-per-site", true), // a person's pages and workers: starting processes took most of the time
		chromedp.Flag("lang", "en"),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	if err := chromedp.Do(ctx); err != nil {
		cancel()
		return nil, fmt.Errorf("chromium: %w", err)
	}
	closeBrowser = func() {
		_ = chromedp.Cancel(ctx) // its directory goes anyway
		cancel()
	}
	return ctx, nil
}

// person is somebody with a browser of their own: cookies, storage and workers are shared among their tabs only.
type person struct {
	t     testing.TB
	first *tab
}

func newPerson(t testing.TB) *person { return &person{t: t} }

// tab is a page of the browser, and what went wrong on it: a test whose tabs had errors fails.
type tab struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	problems []string // mu; errors of scripts, refusals of the content policy
	dialogs  []string // mu; what alert and the like said
	requests []string // mu; addresses
	strays   []string // mu; those of other origins than their page's
	tolerant bool     // mu; problems are looked at by the test itself
}

// open opens a tab on an address. Options are actions that come before the address is loaded.
func (p *person) open(url string, options ...func(*tab)) *tab {
	p.t.Helper()
	b := p.blank(options...)
	b.load(url)
	return b
}

// blank opens a tab on nothing.
func (p *person) blank(options ...func(*tab)) *tab {
	p.t.Helper()
	parent, err := theBrowser()
	if err != nil {
		p.t.Fatal(err)
	}
	var how []chromedp.ContextOption
	if p.first == nil {
		how = append(how, chromedp.WithNewBrowserContext())
	} else {
		parent = p.first.ctx
	}
	ctx, cancel := chromedp.NewContext(parent, how...)
	b := &tab{t: p.t, ctx: ctx}
	if p.first == nil {
		p.first = b
	}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.problems) > 0 && !b.tolerant {
			p.t.Errorf("on the page: %s", strings.Join(b.problems, "\n"))
		}
		cancel()
	})
	b.do(call(emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}))
	b.size(1280, 800)
	for _, option := range options {
		option(b)
	}
	return b
}

func (b *tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, exceptionText(e.ExceptionDetails))
	case *log.EventEntryAdded:
		// A request that fails is told by the page itself, in words; the browser's own line adds nothing.
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			b.problems = append(b.problems, e.Entry.Text)
		}
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
		// What the browser draws its own controls with is asked for, too: as data, of nobody.
		if !strings.HasPrefix(e.Request.URL, "data:") && origin(e.Request.URL) != origin(e.DocumentURL) {
			b.strays = append(b.strays, e.Request.URL)
		}
	case *page.EventJavascriptDialogOpening:
		b.dialogs = append(b.dialogs, e.Message)
		go func() { // ends with the answer; a handler must not wait for one
			_, _ = chromedp.Call(b.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{})
		}()
	}
}

// origin is that of an address.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Scheme + "://" + u.Host
}

func exceptionText(d *runtime.ExceptionDetails) string {
	if d.Exception != nil && d.Exception.Description != "" {
		return d.Text + " " + d.Exception.Description
	}
	return d.Text
}

// do runs actions, which must succeed.
func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := b.try(actions...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) try(actions ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Do(ctx, actions...)
}

// load goes to an address and waits until it is loaded.
func (b *tab) load(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
}

// size gives the page this much room. Below 720 px it is a phone.
func (b *tab) size(width, height int64) {
	b.t.Helper()
	var how []chromedp.EmulateViewportOption
	if width < 720 {
		how = append(how, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	b.do(chromedp.EmulateViewport(width, height, how...))
}

// early runs a script before any of the page's own.
func (b *tab) early(script string) {
	b.t.Helper()
	b.do(call(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script}))
}

// tolerate leaves it to the test to judge the tab's problems.
func (b *tab) tolerate() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tolerant = true
}

// told returns what the tab has noted so far.
func (b *tab) told() (problems, dialogs, requests []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.problems...), append([]string(nil), b.dialogs...), append([]string(nil), b.requests...)
}

// hand hands over what the tab has noted so far, and forgets it: addresses are those of other origins than their page's.
func (b *tab) hand() (problems, strays []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	problems, strays = b.problems, b.strays
	b.problems, b.strays, b.requests = nil, nil, nil
	return problems, strays
}

// passTo has another test, within the one that opened the tab, go on with it.
func (b *tab) passTo(t testing.TB) { b.t = t }

// eval evaluates a script's expression in the page, waiting for it if it is a promise.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := tryEval[T](b, expression)
	for deadline := time.Now().Add(patience); err != nil && isLeft(err) && time.Now().Before(deadline); {
		v, err = tryEval[T](b, expression) // by the page that has come
	}
	if err != nil {
		b.t.Fatalf("%v in %s", err, expression)
	}
	return v
}

// isLeft says that a page was left for another while it was asked.
func isLeft(err error) bool {
	for _, told := range []string{"Inspected target navigated", "Execution context was destroyed", "Cannot find context", "uniqueContextId not found"} {
		if strings.Contains(err.Error(), told) {
			return true
		}
	}
	return false
}

func tryEval[T any](b *tab, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// js writes a value as a script's literal.
func js(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// call makes an action of a protocol command whose answer is of no interest.
func call[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}
