package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/chromedp/chromedp"

	"linger/client"
)

// portray takes the front page on a usual day, in light and dark.
func portray(tab context.Context, program, scratch, dir string) error {
	s, err := startServer(tab, program, scratch)
	if err != nil {
		return err
	}
	defer s.stop()
	if err := usualDay(tab, s); err != nil {
		return err
	}
	time.Sleep(17 * time.Second) // until one of them is about to go
	for _, scheme := range []string{"light", "dark"} {
		if err := dark(tab, scheme == "dark"); err != nil {
			return err
		}
		if err := chromedp.Do(tab, chromedp.Navigate(s.dashboard)); err != nil {
			return err
		}
		if err := live(tab); err != nil {
			return err
		}
		if _, err := chromedp.Run(tab, chromedp.Evaluate[any](`topic.value = "hello", message.value = "Hello, Linger"`)); err != nil {
			return err
		}
		picture, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
		if err != nil {
			return err
		}
		path := filepath.Join(dir, "now-"+scheme+".png")
		if err := os.WriteFile(path, picture, 0o644); err != nil {
			return err
		}
		fmt.Printf("%s: %d kB\n", path, len(picture)/1000)
	}
	return chromedp.Do(tab, chromedp.Navigate("about:blank"))
}

// usualDay publishes what has lifetimes from seconds to days.
func usualDay(ctx context.Context, s *server) error {
	c, err := client.Dial(s.grpc, client.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // only ever refuses a second closing
	topics := []struct {
		name, data string
		ttl        time.Duration
	}{
		{"weather.wind", `{"station":"Lisbon","knots":%d}`, 20 * time.Second},
		{"orders.created", `{"order":88%02d,"total":"19.90","items":[{"sku":"A-1","n":2}]}`, 5 * time.Minute},
		{"codes", `482 1%02d`, 45 * time.Second},
		{"orders.paid", `{"order":87%02d,"paid":true}`, time.Hour},
		{"消息.提醒", `{"提醒":"还有 %d 分钟开会"}`, 12 * time.Minute},
		{"builds", `{"build":%d,"state":"green","branch":"main"}`, 26 * time.Hour},
	}
	for i := range 41 {
		t := topics[i%len(topics)]
		ttl := t.ttl + time.Duration(i*i%53)*t.ttl/20
		if _, err := c.Publish(ctx, t.name, ttl, client.Message{Data: fmt.Appendf(nil, t.data, 10+i)}); err != nil {
			return err
		}
	}
	return nil
}
