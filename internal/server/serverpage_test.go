package server_test

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"linger/broker"
	"linger/internal/server"
	"linger/test/process"
)

func TestServerPage(t *testing.T) {
	events := new(server.Events)
	s := start(t, func(c *server.Config, b *broker.Config) {
		c.Events, c.Logger = events, slog.New(events.Tee(slog.DiscardHandler))
		c.Store, c.Commit = "memory:", "0123456789ab"
		b.MemoryLimit = 64 << 20
	})
	s.publish("orders", time.Hour, "a", "b", "c")
	s.subscribe(coversAll("orders")).texts(3)
	slog.New(events.Tee(slog.DiscardHandler)).Warn("the disk is slow", "file", "<b>")
	var body, text string
	process.Eventually(t, process.Patience, func() error { // what is delivered is counted once it is sent
		var status int
		if status, body = s.fetch("/server"); status != http.StatusOK {
			t.Fatalf("%d: %s", status, body)
		}
		text = strings.Join(strings.Fields(strings.ReplaceAll(body, "<", " <")), " ")
		return process.Expect("three delivered", strings.Contains(text, "Delivered </dt> <dd> <b>3 </b>"), true)
	})
	for _, want := range []string{
		"Published </dt> <dd> <b>3 </b>", "3 in 1 topic <", "1 subscription <", "of 64.0 MiB",
		"memory: </code>", "a restart empties it", "1 subscribing", "1.2.3-test", "0123456789ab", "of 4,096", s.GRPCAddr(),
		"agrees with the wall clock", "the disk is slow file=&lt;b&gt;", "Warning",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	// Who asks is no browser.
	if strings.Contains(body, "HTTP/1.1") {
		t.Error("a program is told of its connections as a browser")
	}
}

// A browser is told how many of its connections are open: its own, as far as it can be told from others.
func TestServerPageCountsABrowsersConnections(t *testing.T) {
	s := start(t, nil)
	const name = "Mozilla/5.0 (X11) Test/1"
	visit := func(headers ...string) (*http.Client, string) {
		t.Helper()
		one := &http.Client{Transport: &http.Transport{}}
		t.Cleanup(one.CloseIdleConnections)
		req := s.request(http.MethodGet, "/server", "", headers...)
		resp, err := one.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return one, string(body)
	}
	first, body := visit("User-Agent", name)
	if !strings.Contains(body, "HTTP/1.1: 1 of 6") {
		t.Error("one connection is not counted")
	}
	if _, body = visit("User-Agent", name); !strings.Contains(body, "HTTP/1.1: 2 of 6") {
		t.Error("a second connection is not counted")
	}
	if _, body = visit("User-Agent", name+" another"); !strings.Contains(body, "HTTP/1.1: 1 of 6") {
		t.Error("another browser is taken for the same")
	}
	if _, body = visit("User-Agent", name, "X-Forwarded-For", "192.0.2.1"); strings.Contains(body, "HTTP/1.1") {
		t.Error("a proxy's connections are taken for its browser's")
	}
	first.CloseIdleConnections()
	for { // until the server has noticed, and the one that asks is there in its place; the test's own timeout is the bound
		asks, body := visit("User-Agent", name)
		if strings.Contains(body, "HTTP/1.1: 2 of 6") {
			break
		}
		asks.CloseIdleConnections()
	}
	for range 5 {
		_, body = visit("User-Agent", name)
	}
	if !strings.Contains(body, "several browsers") {
		t.Error("seven connections are said to be one browser's")
	}
}
