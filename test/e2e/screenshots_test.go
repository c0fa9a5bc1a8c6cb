package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"linger/client"
	"linger/test/process"
)

// TestScreenshots takes pictures of the pages and their states, to be looked at: LINGER_SCREENSHOTS says where to.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("LINGER_SCREENSHOTS")
	if dir == "" {
		t.Skip("make screenshots takes pictures")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	c := &camera{t: t, dir: dir}

	s := startFastServer(t)
	c.take(s, "empty", "/")
	s.publish("hello", 30*time.Second, "Hello, Linger")
	c.take(s, "one", "/")

	s = startFastServer(t)
	usualDay(t, s)
	c.take(s, "many", "/")
	c.take(s, "topic", "/topics/orders.created")
	c.take(s, "topics", "/topics")
	c.take(s, "message", "/topics/orders.created/1")
	c.take(s, "message-ended", "/topics/orders.created/2")
	c.take(s, "message-binary", "/topics/files/1")
	c.take(s, "long-name", "/topics/"+longTopic)
	c.take(s, "not-found", "/no/such/page")
	c.takeAfter(s, "form-error", "/", func(b *tab) {
		b.find("textbox", "Message").focus()
		b.publish("two words", "A message that stays", "soon")
		b.says("Time to live: ")
	})
	c.takeAfter(s, "form-open", "/", func(b *tab) {
		b.find("textbox", "Message").focus()
		b.find("slider", "Time to live").focus()
	})
	c.takeAfter(s, "published", "/", func(b *tab) {
		b.find("textbox", "Message").focus()
		b.publish("orders.paid", "just published", "3 h 12 min")
		b.says("kept 3 h 12 min, until")
	})
	c.takeAfter(s, "live-tab", "/", func(b *tab) {
		if tabs, _ := b.all("radio", ""); len(tabs) > 0 {
			eval[any](b, `document.querySelector("#tab-live").click()`)
		}
	})
	s.Signal(syscall.SIGSTOP)
	c.stale(s)
	s.Signal(syscall.SIGCONT)

	s = startFastServer(t)
	s.Stop()
	let := s.runOnSlowDisk()
	c.take(s, "recovering", "/")
	let()

	s = startFastServer(t)
	p := s.Command("pub", "numbers", "--ttl", "5m")
	p.Stdin = paced(seq(t, 10_000_000), 10_000)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	defer p.Process.Kill()
	c.takeAfter(s, "high-rate", "/", func(b *tab) {
		process.Eventually(t, patience, func() error { // in the tab that is not shown on a phone
			if note := eval[string](b, `document.querySelector("#live-note").textContent`); !strings.HasPrefix(note, "Showing") {
				return fmt.Errorf("Live says %q", note)
			}
			return nil
		})
	})
	s.Stop()
}

var longTopic = strings.Repeat("long-name.", 25) + "l1234"

// usualDay publishes 41 messages and some that are gone.
func usualDay(t testing.TB, s *server) {
	t.Helper()
	s.publishMessages("orders.created", 3*time.Hour+12*time.Minute, client.Message{
		Key: "8812", Attributes: map[string]string{"trace": "4bf92f3577b34da6a3ce929d0e0e4736", "说明": "属性"},
		Data: []byte(`{"order":8812,"total":"19.90","items":[{"sku":"A-1","n":2}]}`),
	})
	s.publish("orders.created", time.Hour, "ended at once")
	if _, err := s.Dial().Expire(t.Context(), "orders.created", 2); err != nil {
		t.Fatal(err)
	}
	s.publish("files", time.Hour, "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x02\x80", strings.Repeat("a mebibyte of text ", 55_190)[:1<<20])
	s.publish("orders.paid", 2*time.Minute, "right to left: שלום עולם", "👩‍👩‍👧 🏳️‍🌈", "<img src=x onerror=alert(1)>")
	s.publish(longTopic, 40*time.Minute, "a topic of 255 bytes")
	s.publish("codes", 25*time.Second, "", "482 190")
	for i := range 32 {
		ttl := []time.Duration{20, 45, 90, 300, 900, 4000, 30_000, 90_000, 500_000}[i%9] * time.Second
		s.publish([]string{"weather.wind", "weather.sun", "demo.orders", "消息.提醒"}[i%4], ttl+time.Duration(i)*7*time.Second,
			fmt.Sprintf(`{"user":%d,"event":"seen","at":"14:%02d","note":"a line that is longer than its place on any screen"}`, 1700+i, i))
	}
}

// camera takes each page in light and dark, at a desk and on two phones.
type camera struct {
	t   testing.TB
	dir string
}

var formats = []struct{ width, height int64 }{{1280, 800}, {390, 664}, {320, 640}}

func (c *camera) take(s *server, name, path string) {
	c.t.Helper()
	c.takeAfter(s, name, path, func(*tab) {})
}

// takeAfter does something on each page before its picture is taken.
func (c *camera) takeAfter(s *server, name, path string, before func(*tab)) {
	c.t.Helper()
	b := newPerson(c.t).blank()
	for _, f := range formats {
		b.size(f.width, f.height)
		b.load(s.URL(path))
		if eval[bool](b, `!!document.querySelector("#live")`) {
			b.connected("Live")
		}
		before(b)
		c.both(b, name, f.width)
	}
	b.load("about:blank") // lets its stream go
}

// stale takes the front page while the server is stopped: it must be open before.
func (c *camera) stale(s *server) {
	c.t.Helper()
	s.Signal(syscall.SIGCONT)
	b := newPerson(c.t).live(s, "/")
	s.Signal(syscall.SIGSTOP)
	b.connected("Stale")
	for _, f := range formats {
		b.size(f.width, f.height)
		c.both(b, "stale", f.width)
	}
}

func (c *camera) both(b *tab, name string, width int64) {
	c.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		b.dark(scheme == "dark")
		if over := eval[float64](b, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
			c.t.Errorf("%s, %d px: the page is %v px wider than the screen", name, width, over)
		}
		picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			c.t.Fatal(err)
		}
		path := filepath.Join(c.dir, fmt.Sprintf("%s-%d-%s.png", name, width, scheme))
		if err := os.WriteFile(path, picture, 0o644); err != nil {
			c.t.Fatal(err)
		}
	}
}
