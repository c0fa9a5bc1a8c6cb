package e2e

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"

	"linger/test/process"
)

// tap touches the middle of a control with a finger, where it is before the finger comes.
func (c *control) tap() {
	c.b.t.Helper()
	x, y := c.box().centre()
	c.b.do(
		call(input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: input.DispatchTouchEventTypeTouchStart, TouchPoints: []*input.TouchPoint{{X: x, Y: y}}}),
		call(input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: input.DispatchTouchEventTypeTouchEnd, TouchPoints: []*input.TouchPoint{}}),
	)
}

// Where no script runs, Publish publishes at the first tap, too, though it opens the bar.
func TestPhoneBarWithoutScript(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("orders", time.Hour, "before")
	b := newPerson(t).blank()
	b.size(390, 844)
	withoutScript(b)
	b.load(s.URL("/topics/orders"))
	b.find("textbox", "Message").fill("typed, and then looked at the list")
	publish := b.find("button", "Publish")
	open := publish.box()
	b.find("heading", "orders").tap()
	if closed := publish.box(); closed != open {
		t.Errorf("Publish stands at %v in the open bar, at %v in the closed one", open, closed)
	}
	publish.tap()
	b.says("#2 kept")
	b.holds("Retained", 1, "#2", "typed, and then looked at the list")

	b.find("textbox", "Message").fill("typed and sent")
	b.find("button", "Publish").tap()
	b.says("#3 kept")
	b.holds("Retained", 1, "#3", "typed and sent")
}

// On a phone the form is a bar at the foot. Any part of it opens it, except Publish with a message to send: that sends it.
func TestPhoneBar(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("orders", time.Hour, "before")
	b := newPerson(t).blank()
	b.size(390, 844)
	b.load(s.URL("/topics/orders"))
	b.connected("Live")
	open := func(want bool) {
		t.Helper()
		process.Eventually(t, patience, func() error {
			return process.Expect("the bar open", eval[bool](b, `document.querySelector("#topic").checkVisibility()`), want)
		})
	}
	open(false)

	// With nothing to send one is asked for it.
	b.find("button", "Publish").tap()
	open(true)
	if _, name := b.focused(); name != "Message" {
		t.Errorf("the focus is on %q", name)
	}
	b.find("textbox", "Message").fill("from a phone")
	b.find("heading", "orders").tap() // anywhere else
	open(false)

	b.find("button", "Publish").tap()
	b.holds("Retained", 1, "#2", "from a phone")
	b.says("#2 kept")
	open(false)

	// What is refused opens it, at the field.
	eval[any](b, `(() => { document.querySelector("#topic").value = "two words" })()`)
	b.find("button", "Publish").tap()
	open(true)
	b.says("a space at position 4")
	if _, name := b.focused(); name != "Topic" {
		t.Errorf("the focus is on %q", name)
	}
	eval[any](b, `(() => { document.querySelector("#topic").value = "orders" })()`)
	b.find("DisclosureTriangle", "+ attributes").click()
	b.find("textbox", "Attribute 1, value").fill("of no key")
	b.find("heading", "orders").tap()
	open(false)
	b.find("button", "Publish").tap()
	open(true)
	b.says("Attribute 1: no key.")
	if _, name := b.focused(); name != "Attribute 1, key" {
		t.Errorf("the focus is on %q", name)
	}
	b.holds("Retained", 2) // nothing twice, and nothing empty
}
