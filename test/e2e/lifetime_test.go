package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"linger/test/process"
)

// goesAt waits until a message's deadline is the one wanted, by the server.
func (s *server) goesAt(topic string, sequence uint64, want time.Time) {
	s.t.Helper()
	process.Eventually(s.t, patience, func() error {
		return process.Expect(fmt.Sprintf("the deadline of #%d", sequence), s.deadline(topic, sequence).Format(time.StampMilli), want.Format(time.StampMilli))
	})
}

// grace is how long Expire leaves for Undo in a tab with longGrace.
const grace = time.Minute

// longGrace has a tab leave that long, so that Undo comes in time on any machine.
func longGrace(b *tab) {
	b.t.Helper()
	b.early(fmt.Sprintf("globalThis.lingerGrace = %d", grace.Milliseconds()))
}

// usualGrace brings back what people have: five seconds.
func (b *tab) usualGrace() {
	b.t.Helper()
	eval[any](b, `void delete globalThis.lingerGrace`)
}

func TestExtendAndExpireFromTheRow(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("orders", 4*time.Minute, "first", "second", "third")
	deadline := s.deadline("orders", 2)
	b, other := newPerson(t).live(s, "/", longGrace), newPerson(t).live(s, "/topics/orders")

	b.find("button", "Extend #2 by 4 minutes").click()
	s.goesAt("orders", 2, deadline.Add(4*time.Minute))
	for _, b := range []*tab{b, other} {
		b.holds("Retained", 1, "7:", "#2", "second") // minutes left
	}
	inOrder := func(b *tab, words ...string) {
		t.Helper()
		process.Eventually(t, patience, func() error {
			items, err := b.items("Retained")
			if err == nil && !slices.EqualFunc(items, words, strings.Contains) {
				err = fmt.Errorf("the rows are %q, not %q", items, words)
			}
			return err
		})
	}
	inOrder(other, "first", "third", "second")
	inOrder(b, "first", "second", "third") // the pointer has just moved over it: nothing changes its place

	// Expire leaves some time for Undo, which sets the old deadline back: by its button, or by a key from anywhere.
	first := s.deadline("orders", 1)
	b.find("button", "Expire #1").click()
	b.holds("Retained", 1, "#1", "first", "going · Undo")
	if left := time.Until(s.deadline("orders", 1)); left > grace {
		t.Errorf("a message that is going has %v left", left)
	}
	b.find("button", "Undo: keep #1").click()
	s.goesAt("orders", 1, first)
	b.find("button", "Expire #1").click()
	b.holds("Retained", 1, "#1", "first", "going · Undo")
	b.keys("u")
	s.goesAt("orders", 1, first)
	b.holds("Retained", 0, "going · Undo")

	// The menu beside Extend.
	b.find("button", "More ways to extend #3").click()
	b.find("button", "Extend #3 by 10 minutes").click()
	process.Eventually(t, patience, func() error {
		if left := time.Until(s.deadline("orders", 3)); left < 11*time.Minute {
			return fmt.Errorf("#3 has %v left", left)
		}
		return nil
	})
	third := s.deadline("orders", 3)
	b.find("button", "More ways to extend #3").click()
	b.keys(kb.Escape)
	b.gone("button", "Extend #3 by 1 hour")
	s.goesAt("orders", 3, third)

	b.find("button", "Expire #1").click(shifted)
	// The pointer has just moved over the list, so the row stays, as a ghost without its payload.
	b.holds("Retained", 1, "#1", "gone", "received by 0")
	b.holds("Retained", 0, "first")
	other.holds("Retained", 0, "#1")
	other.says("gone 1 · 1 undelivered")
	b.do(chromedp.MouseEvent(chromedp.MouseMoved, 5, 300))
	inOrder(b, "second", "third") // 3 s later
	if state := s.state("orders", 1); state.Ended == nil {
		t.Error("#1 is still alive")
	}
}

func TestExtendAndExpireFromTheMessagePage(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("orders", 10*time.Minute, "payload")
	deadline := s.deadline("orders", 1)
	b := newPerson(t).open(s.URL("/topics/orders/1"), func(b *tab) {
		b.do(call(emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Shanghai"}))
	})
	process.Eventually(t, patience, func() error { // it counts down
		if left := eval[string](b, `document.querySelector("#card .left").innerText`); left == "10:00" || left == "" {
			return fmt.Errorf("left: %q", left)
		}
		return nil
	})
	readAgain := func() int {
		t.Helper()
		return eval[int](b, `performance.getEntriesByType("resource").filter(({ name }) => name === location.href).length`)
	}
	b.connected("Live")
	if read := readAgain(); read > 0 {
		t.Errorf("the page was read %d times again when its stream began", read)
	}
	b.find("button", "Extend #1 by 10 minutes").click()
	s.goesAt("orders", 1, deadline.Add(10*time.Minute))
	b.says("20 min after it was published (at first 10 min)")
	s.linger("extend", "orders", "1", "--ttl", "3h") // the page follows
	b.says("3 h 00 left")
	// Who receives it is followed, and nothing is read whole for that.
	before := readAgain()
	s.linger("sub", "orders", "--count", "1")
	b.says("1 subscription")
	if read := readAgain(); read > before {
		t.Errorf("the page was read %d times again for who received it", read-before)
	}
	// Until a time of one's own, in the zone that one chose.
	now := time.Now().UTC()
	until := func(zone string, at, written time.Time) {
		t.Helper()
		b.find("button", "Extend #1 until …").click()
		b.says(zone + " Set")
		eval[any](b, `document.querySelector("#longer-until").value = `+js(written.Format("2006-01-02T15:04")))
		b.find("button", "Set").click()
		s.goesAt("orders", 1, at)
		b.says(written.Format("15:04:05.000"))
	}
	at := time.Date(now.Year(), now.Month(), now.Day(), now.Hour()+5, 0, 0, 0, time.UTC)
	until("Local, UTC+8", at, at.Add(8*time.Hour))
	b.find("button", "Time zone: Local, UTC+8").click()
	until("UTC", at.Add(time.Hour), at.Add(time.Hour))
	s.linger("extend", "orders", "1", "--ttl", "3h")
	b.says("3 h 00 left")
	b.find("button", "Expire #1").click()
	b.says("going")
	b.keys("u")
	b.says("3 h 00 left")
	b.find("button", "Expire #1").click(shifted)
	b.says("received by 1")
	b.gone("button", "Expire #1")
}
